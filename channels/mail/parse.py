"""From a mail's bytes to what the desk understands of it: pure.

Run it where it can be killed (`channels.mail.reader`): limits bound its time, but nobody has seen all mail.
"""

import hashlib
from typing import Final, NamedTuple

from msgspec.structs import replace

from channels.mail import headers, html, html_lines, mime, tnef
from channels.mail.automatic import automatic
from channels.mail.bounce import bounce
from channels.mail.calendar import summary
from channels.mail.charset import decoded
from channels.mail.envelope import envelope, set_aside
from channels.mail.limits import Quarantined
from channels.mail.lines import joined, normal, of_text, unflowed
from channels.mail.message import BounceReport, File, Mail, Read
from channels.mail.mime import Part
from channels.mail.quotes import Separated, separate

_LONGEST_NAME: Final = 255
# Where a file has no name, what it is called.
_ENDINGS: Final = {"message/rfc822": ".eml", "text/calendar": ".ics", "text/plain": ".txt",
                   "text/html": ".html", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif",
                   "application/pdf": ".pdf"}  # fmt: skip
_REPORT_PARTS: Final = frozenset(
    {"message/delivery-status", "message/global-delivery-status", "message/disposition-notification"}
)
_FORWARDED: Final = frozenset({"message/rfc822", "message/global"})


def read(raw: bytes) -> Read:
    """The mail; one that passes a limit is told as quarantined, with what its header alone tells."""
    try:
        part = mime.read(raw)
        return _read(part)
    except Quarantined as why:
        return Read(mail=set_aside(raw, str(why)))
    # Whatever a mail makes this raise, it is one mail that can't be read.
    except (ValueError, LookupError, ArithmeticError, RecursionError, MemoryError, TypeError) as error:
        return Read(mail=set_aside(raw, f"it can't be read ({type(error).__name__})"))


def _read(part: Part) -> Read:
    content = _Content()
    content.take(part, depth=0)
    bodies = content.bodies()
    files = content.files(bodies.html)
    told = envelope(part.fields)
    said = bodies.separated
    reported = bounce(part, _origin(told), told.subject, bodies.text)
    mail = replace(
        told,
        text=bodies.text,
        reply_text=said.reply,
        signature=said.signature,
        html_safe=html.safe(bodies.html) if bodies.html else "",
        attachments=tuple(file for file, _ in files),
        automatic=reported is not None or automatic(part, _origin(told), told.subject),
        bounce=None if reported is None else BounceReport(**reported._asdict()),
    )
    return Read(mail=mail, files=tuple(data for _, data in files))


def _origin(mail: Mail) -> str:
    return mail.sender.email or mail.sender.name


class _Bodies(NamedTuple):
    text: str
    html: str
    separated: Separated


class _Kept(NamedTuple):
    part: Part
    name: str
    type: str
    data: bytes


class _Content:
    """Sorts the parts of a mail into what is read and what is kept as a file."""

    def __init__(self) -> None:
        self._plain: list[str] = []
        self._html: list[str] = []
        self._calendar: list[str] = []
        self._kept: list[_Kept] = []

    def take(self, part: Part, depth: int) -> None:
        """Sort a part and those within it."""
        if part.parts:
            self._several(part, depth)
        elif part.type in _REPORT_PARTS:
            self._plain.append(decoded(part.content()))
        elif part.type in ("application/ms-tnef", "application/vnd.ms-tnef") or self._winmail(part):
            self._tnef(part)
        elif part.type in ("text/plain", "text/html", "text/enriched") and not _is_file(part):
            self._text(part)
        elif not part.type.startswith("multipart/"):
            if part.type == "text/calendar":
                self._calendar.append(summary(decoded(part.content(), part.params.get("charset", ""))))
            self._keep(part)

    def _several(self, part: Part, depth: int) -> None:
        if part.type == "multipart/alternative":
            plain, html_ = len(self._plain), len(self._html)
            for one in part.parts:
                self.take(one, depth + 1)
            # An HTML that comes with a text stands for it, so one without must bring its own.
            if len(self._html) > html_ and len(self._plain) == plain and self._plain:
                self._plain.append("")
            return
        for one in part.parts:
            self.take(one, depth + 1)

    def _winmail(self, part: Part) -> bool:
        return (
            part.params.get("name", "").lower() == "winmail.dat" and part.type == "application/octet-stream"
        )

    def _text(self, part: Part) -> None:
        text = decoded(part.content(), part.params.get("charset", ""))
        if part.type == "text/html":
            if text.strip():
                self._html.append(text)
            return
        if part.params.get("format", "").lower() == "flowed":
            text = unflowed(text, part.params.get("delsp", "").lower() == "yes")
        self._plain.append(text)

    def _tnef(self, part: Part) -> None:
        data = part.content()
        found = tnef.unpack(data)
        if found is None:
            self._keep(part)
            return
        if not found.whole:
            self._keep(part)
        if found.html and not self._html:
            self._html.append(found.html)
        if found.text and not any(map(str.strip, self._plain)):
            self._plain.append(found.text)
        for name, content in found.files:
            self._kept.append(_Kept(part, _name(name, "application/octet-stream"), _type_of(name), content))

    def _keep(self, part: Part) -> None:
        data = part.body if part.type in _FORWARDED and not _encoded(part) else part.content()
        given = part.disposition.params.get("filename") or part.params.get("name") or ""
        if part.type in _FORWARDED and not given:
            given = _subject_of(data)
        self._kept.append(_Kept(part, _name(headers.text(given), part.type), part.type, data))

    def bodies(self) -> _Bodies:
        """The body as text and HTML, and what of it its author wrote."""
        rich = "\n<hr>\n".join(self._html)
        plain = normal("\n\n".join(filter(str.strip, self._plain))).strip("\n")
        if rich:
            html.check(rich)
        if not rich:
            lines = of_text(plain)
            text = plain if plain.strip() else "\n\n".join(filter(None, self._calendar))
            return _Bodies(
                text.strip("\n"), "", separate(lines) if plain.strip() else Separated(text, False, "")
            )
        if plain.strip() and joined(of_text(plain)).strip():
            return _Bodies(plain, rich, _of_both(plain, rich))
        lines = html_lines.lines(rich)
        seen = separate(lines)
        text = joined(lines)
        if not text:
            text = "\n\n".join(filter(None, self._calendar))
            seen = Separated(text, False, "")
        return _Bodies(text, rich, seen)

    def files(self, shown: str) -> list[tuple[File, bytes]]:
        """The files with what is told of each; `shown` is the HTML that may hold pictures among them."""
        found: list[tuple[File, bytes]] = []
        for part, name, type_, data in self._kept:
            cid = part.field("content-id").strip().strip("<>")[:_LONGEST_NAME]
            disposed = part.disposition.value.strip().lower()
            # Pictures within the text: HTML names them, and Apple's programs lay them between texts.
            within = bool(cid) and f"cid:{cid}" in shown
            inline = within or (disposed == "inline" and type_.startswith("image/"))
            digest = hashlib.sha256(data).hexdigest()
            found.append(
                (File(name=name, type=type_, size=len(data), sha256=digest, inline=inline, cid=cid), data)
            )
        return found


def _of_both(plain: str, rich: str) -> Separated:
    """From the text, unless only the HTML's elements tell that something in it is older."""
    said = separate(of_text(plain))
    if said.quoted or not html_lines.may_quote(rich):
        return said
    seen = separate(html_lines.lines(rich))
    return seen if seen.quoted and seen.reply else said


def _is_file(part: Part) -> bool:
    disposed = part.disposition.value.strip().lower()
    named = part.disposition.params.get("filename") or part.params.get("name")
    return (
        disposed == "attachment"
        or bool(named and disposed != "inline")
        or (bool(named) and part.type == "text/html")
    )


def _encoded(part: Part) -> bool:
    return part.field("content-transfer-encoding").strip().lower() in ("base64", "quoted-printable")


def _subject_of(data: bytes) -> str:
    try:
        fields = dict(reversed(mime.header(data)))
    except Quarantined:
        return ""
    return f"{headers.text(fields.get('subject', ''))[:100]}.eml"


def _type_of(name: str) -> str:
    ending = "." + name.rpartition(".")[2].lower()
    return next((type_ for type_, one in _ENDINGS.items() if one == ending), "application/octet-stream")


def _name(given: str, type_: str) -> str:
    """A file's name without folders and without characters that show as nothing or turn the text around."""
    plain = "".join(char for char in given.replace("\\", "/").rpartition("/")[2] if char.isprintable()).strip(
        " ."
    )
    if len(plain) > _LONGEST_NAME:
        stem, dot, ending = plain.rpartition(".")
        kept = dot + ending if dot and len(ending) < 10 else ""
        plain = (stem if kept else plain)[: _LONGEST_NAME - len(kept)] + kept
    if plain in ("", "eml"):
        return f"attachment{_ENDINGS.get(type_, '')}" if type_ != "message/rfc822" else "message.eml"
    return plain
