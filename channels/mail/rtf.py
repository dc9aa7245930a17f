"""The text of rich text (RTF 1.9.1), also where Outlook has compressed it (MS-OXRTFCP): letters alone.

It stops at `LONGEST_RTF` bytes and at `_DEEPEST` groups within each other, so that its time is bounded.
"""

import re
import struct
from typing import Final, NamedTuple

from channels.mail.limits import LONGEST_RTF

_HEAD: Final = struct.Struct("<4xI4s4x")
# What the window holds at first, MS-OXRTFCP 2.1.2.1.
_FIRST: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par "
    rb"\pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WINDOW: Final = 4096
_DEEPEST: Final = 500
_TOKEN: Final = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n\\]"
)
_SHOWN: Final = {
    "par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": "\t", "cell": "\t",
    "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
    "bullet": "•", "emspace": " ", "enspace": " ", "~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}",
    "\n": "\n", "\r": "\n",
}  # fmt: skip
# Groups whose letters are no text; so are all that begin with \*, which no old program need know.
_ASIDE: Final = frozenset(
    "fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr "
    "footerf fldinst nonshppict listtable listoverridetable".split()
)
# The code pages of fonts' character sets, RTF 1.9.1, "Font Table".
_CHARSETS: Final = {
    128: "cp932", 129: "cp949", 134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip


class Found(NamedTuple):
    """The text; `whole`: there was no more of it."""

    text: str
    whole: bool


def text_of(data: bytes) -> Found | None:
    """The text of RTF, compressed or not; None for what is neither."""
    plain = data if data.startswith(b"{\\rtf") else _decompressed(data)
    if plain is None or not plain.startswith(b"{\\rtf"):
        return None
    reading = _Reading(plain[:LONGEST_RTF].decode("latin-1"))
    return Found(reading.text().strip("\0"), len(plain) < LONGEST_RTF and reading.whole)


def _decompressed(data: bytes) -> bytes | None:
    """At most `LONGEST_RTF` bytes of what is compressed; what was cut off gives what there is."""
    if len(data) < _HEAD.size:
        return None
    size, kind = _HEAD.unpack_from(data)
    size = min(size, LONGEST_RTF)
    if kind == b"MELA":
        return data[_HEAD.size : _HEAD.size + size]
    if kind != b"LZFu":
        return None
    window = bytearray(_FIRST.ljust(_WINDOW, b"\0"))
    out = bytearray()
    write, at, end = len(_FIRST), _HEAD.size, len(data)
    while at < end and len(out) < size:
        control = data[at]
        at += 1
        for bit in range(8):
            step = 2 if control >> bit & 1 else 1
            if at + step > end:
                return bytes(out)
            if step == 1:
                piece = data[at : at + 1]
            else:
                told = data[at] << 8 | data[at + 1]
                if told >> 4 == write:
                    return bytes(out)
                piece = _repeated(window, told >> 4, (told & 15) + 2, write)
            at += step
            for byte in piece:
                window[write] = byte
                write = (write + 1) % _WINDOW
            out += piece
    return bytes(out[:size])


def _repeated(window: bytearray, start: int, count: int, write: int) -> bytes:
    """What stands in the window; it may reach into what it writes itself, which then repeats."""
    ahead = (write - start) % _WINDOW or _WINDOW
    found = bytes(window[(start + step) % _WINDOW] for step in range(min(count, ahead)))
    return (found * count)[:count] if ahead < count else found


class _Group(NamedTuple):
    """What counts until a group ends."""

    aside: bool
    fallback: int
    font: int


class _Reading:
    """One pass over the tokens of a text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._now = _Group(aside=False, fallback=1, font=0)
        self._outer: list[_Group] = []
        self._fonts: dict[int, str] = {}
        self._listed = 0
        self._codepage = "cp1252"
        self._bytes = bytearray()
        self._skip = 0
        self._out: list[str] = []
        self.whole = False

    def text(self) -> str:
        """All that is shown."""
        at, end = 0, len(self._source)
        while at < end and (found := _TOKEN.match(self._source, at)) and not self.whole:
            at = found.end()
            word, number, escaped, symbol, brace, run = found.groups()
            if escaped:
                self._byte(int(escaped, 16))
            elif brace:
                if len(self._outer) > _DEEPEST:
                    break
                self._brace(brace)
            elif run:
                self._shown(run[self._skip :])
                self._skip = max(0, self._skip - len(run))
            elif word == "bin":
                at += max(0, int(number or 0))
            elif word or symbol:
                self._control(word or symbol, None if number is None else int(number))
        self._flush()
        # Half of a pair that \u told stands for nothing.
        return "".join(self._out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _brace(self, brace: str) -> None:
        self._flush()
        self._skip = 0
        if brace == "{":
            self._outer.append(self._now)
        elif self._outer:
            self._now = self._outer.pop()
            self.whole = not self._outer

    def _control(self, word: str, number: int | None) -> None:
        if word in _ASIDE or word == "*":
            self._now = self._now._replace(aside=True)
        elif word == "ansicpg" and number:
            self._codepage = f"cp{number}"
        elif word == "f" and number is not None:
            self._flush()
            self._listed = number
            self._now = self._now._replace(font=number)
        elif word == "fcharset" and number in _CHARSETS:
            self._fonts[self._listed] = _CHARSETS[number]
        elif word == "uc" and number is not None:
            self._now = self._now._replace(fallback=min(max(number, 0), 10))
        elif word == "u" and number is not None:
            self._shown(chr(number & 0xFFFF))
            self._skip = self._now.fallback
        elif word in _SHOWN:
            self._shown(_SHOWN[word])

    def _byte(self, value: int) -> None:
        if self._skip:
            self._skip -= 1
        elif not self._now.aside:
            self._bytes.append(value)

    def _shown(self, text: str) -> None:
        self._flush()
        if not self._now.aside:
            self._out.append(text)

    def _flush(self) -> None:
        if not self._bytes:
            return
        codepage = self._fonts.get(self._now.font, self._codepage)
        try:
            self._out.append(self._bytes.decode(codepage, "replace"))
        except LookupError:
            self._out.append(self._bytes.decode("cp1252", "replace"))
        self._bytes.clear()
