"""Text from bytes whose charset is named wrongly, not at all, or by a name nobody registered.

The name is believed when the bytes agree with it; UTF-8 is believed against the name, because text in another
charset is hardly ever valid UTF-8 by chance; else the charset is chosen whose text looks most like writing.
"""

import codecs
import unicodedata
from functools import cache

# What senders write, and what they mean: the superset that programs of the name really write.
_MEANT = {
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "gb_2312-80": "gb18030",
    "gb18030": "gb18030", "chinese": "gb18030", "big5": "big5hkscs", "x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "ms_kanji": "cp932",
    "windows-31j": "cp932", "x-euc-jp": "euc_jp", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949",
    "ksc5601": "cp949", "euc-kr": "cp949", "korean": "cp949", "iso-8859-1": "cp1252", "latin1": "cp1252",
    "latin-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252", "windows1252": "cp1252",
    "ansi_x3.110-1983": "cp1252", "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874",
    "windows-874": "cp874", "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "iso-2022-jp": "iso2022_jp_ext", "utf8": "utf-8", "utf8mb4": "utf-8", "utf-8": "utf-8",
    "x-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7", "x-mac-roman": "mac-roman", "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
}  # fmt: skip
_NO_NAME = frozenset({"", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown", "unknown-8bit", "x-unknown",
"default",
                      "8bit", "7bit", "binary", "none", "utf-8"})  # fmt: skip
# Python calls these text encodings; no sender does, and some take time that grows with the square.
_NEVER = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_ANY = frozenset({"cp1252", "cp1250", "mac-roman", "iso8859-2", "iso8859-15", "cp1254"})
_ESCAPED = (b"\x1b$", b"\x1b(")
# So many bytes are looked at to choose a charset.
_SAMPLE = 8_000
_CANDIDATES = (
    "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "koi8-r", "cp1252", "cp1250", "cp1253", "cp1255",
    "cp1256",
    "cp874",
)  # fmt: skip
# The characters that a text in the language can hardly do without; some hundred tell charsets apart.
_CHINESE = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "这中时来们对发动会后过说产种经请问您好谢谢订单没有什么收货邮件回复客服我們這個時來對發動會後過說產種經請問您好謝謝訂單沒有什麼"
)
_HANGUL = frozenset("이다의에는을가은로하고한도를지서해기자사리그나어시아라인것수안요습니까주문")


def decoded(data: bytes, charset: str = "") -> str:
    """The text; NUL and what can't be read become U+FFFD, a byte order mark is dropped."""
    named = charset.strip().strip("\"'").lower()
    text = _read(data, named).replace("\0", "\ufffd")
    return text.removeprefix("\ufeff")


def _read(data: bytes, named: str) -> str:
    if data.isascii() and not any(mark in data for mark in _ESCAPED) and named not in ("utf-7", "hz-gb-2312"):
        if named.startswith(("utf-16", "utf-32")) and b"\0" in data:
            return _strict(data, named) or data.decode("ascii")
        return data.decode("ascii")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if any(mark in data for mark in _ESCAPED) and (text := _strict(data, "iso2022_jp_ext")) is not None:
        return text
    wide = named.startswith(("utf-16", "utf-32"))
    if not wide and (text := _strict(data, "utf-8")) is not None and _many(text, named):
        return text
    codec = _codec(named) if named not in _NO_NAME else None
    # Every byte is a letter in the Latin charsets, and programs name them for whatever they send.
    if codec and codec not in _ANY and (text := _strict(data, codec)) is not None and not _odd(text):
        return text
    return _guessed(data, codec)


def _many(text: str, named: str) -> bool:
    """Whether there is enough beyond ASCII to believe UTF-8 against a name of a multi-byte charset."""
    if _codec(named) in (None, "utf-8", "cp1252"):
        return True
    return sum(not char.isascii() for char in text[:_SAMPLE]) >= 4


def _odd(text: str) -> bool:
    """Control characters beyond ASCII and private characters: a charset of that name, misread."""
    head = text[:_SAMPLE]
    return any("\x80" <= char <= "\x9f" or "\ue000" <= char <= "\uf8ff" for char in head)


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


@cache
def _codec(named: str) -> str | None:
    """Python's codec for a name; None where there is none."""
    meant = _MEANT.get(named, named)
    if meant in _NEVER or len(meant) > 40 or not meant.isascii() or "\0" in meant:
        return None
    try:
        found = codecs.lookup(meant)
        "".encode(found.name)
    except (LookupError, ValueError):
        return None
    return None if found.name in _NEVER else found.name


def _guessed(data: bytes, codec: str | None) -> str:
    # A text that is nearly all UTF-8 was cut or joined on the way.
    broken = data.decode("utf-8", "replace")
    wrong = broken.count("\ufffd")
    beyond = sum(not char.isascii() for char in broken)
    if beyond and wrong * 4 < beyond:
        return broken
    sample = data[:_SAMPLE]
    names = [*([codec] if codec else []), *_CANDIDATES]
    best = max(names, key=lambda name: _likely(sample, name) + (0.35 if name == codec else 0))
    return data.decode(best, "replace")


def _likely(sample: bytes, codec: str) -> float:
    """How much the bytes look like writing in that charset: a share of what is beyond ASCII."""
    text = sample.decode(codec, "replace")
    scores = [_score(codec, char, text[at - 1 : at] + text[at + 1 : at + 2])
              for at, char in enumerate(text) if not char.isascii()]  # fmt: skip
    return sum(scores) / len(scores) if scores else 0.0


def _score(codec: str, char: str, beside: str) -> float:
    """`beside`: the characters before and after. Latin letters stand among ASCII ones, others do not."""
    if char == "\ufffd" or "\x80" <= char <= "\x9f" or "\ue000" <= char <= "\uf8ff":
        return -3.0
    among = any(one.isascii() and one.isalpha() for one in beside)
    if codec in _ANY:
        shift = 0.0 if codec == "cp1252" else -0.1
        return shift + (0.75 if char.isalpha() and among else 0.2)
    if codec in ("gb18030", "big5", "big5hkscs"):
        return 1.0 if char in _CHINESE else 0.35 if "\u4e00" <= char <= "\u9fff" else 0.2
    if codec in ("cp932", "euc_jp"):
        return 1.0 if "\u3041" <= char <= "\u30fe" else 0.3 if "\u4e00" <= char <= "\u9fff" else 0.0
    if codec == "cp949":
        return 1.0 if char in _HANGUL else 0.6 if "\uac00" <= char <= "\ud7a3" else 0.0
    # Case tells KOI8-R from Windows-1251: read wrongly, each makes the other's small letters capital.
    rare = 0.0 if codec in ("cp1251", "koi8-r") else 0.2
    if among:
        return 0.0
    return {"Ll": 0.7, "Lo": 0.7, "Mn": 0.7, "Lu": 0.5}.get(unicodedata.category(char), 0.2) - rare
