"""From an agent's HTML to Telegram's way of formatting: a plain text and entities that name places in it.

https://core.telegram.org/bots/api#messageentity: offsets and lengths are in UTF-16 code units.
"""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Final, NamedTuple

from channels.pieces import split, utf16

LONGEST: Final = 4096
# More than 100 are ignored by the platform.
_MOST: Final = 100
_KINDS: Final = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "del": "strikethrough",
    "strike": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
}
_BLOCKS: Final = frozenset(
    {"p", "div", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "table"}
)
_DEEPEST: Final = 50


class Mark(NamedTuple):
    """A formatted place; offset and length in characters of the text it stands in."""

    kind: str
    offset: int
    length: int
    url: str = ""


class Piece(NamedTuple):
    """A text that is sent as one message."""

    text: str
    marks: tuple[Mark, ...]


def pieces(text: str, html: str | None) -> list[Piece]:
    """What is said, in pieces that Telegram takes, each with the marks that lie in it."""
    marks: Sequence[Mark] = ()
    if html:
        text, marks = _read(html)
    found: list[Piece] = []
    begin = 0
    for part in split(text, LONGEST, utf16):
        end = begin + len(part)
        if part.strip():
            found.append(Piece(part, tuple(_within(marks, begin, end))[:_MOST]))
        begin = end
    return found


def units(text: str, mark: Mark) -> tuple[int, int]:
    """A mark's offset and length in UTF-16 code units."""
    return utf16(text[: mark.offset]), utf16(text[mark.offset : mark.offset + mark.length])


def _within(marks: Sequence[Mark], begin: int, end: int) -> list[Mark]:
    return [
        mark._replace(offset=max(mark.offset, begin) - begin, length=at - max(mark.offset, begin))
        for mark in marks
        if (at := min(mark.offset + mark.length, end)) > max(mark.offset, begin)
    ]


class _Reader(HTMLParser):
    """Reads HTML that has been cleaned before it was stored."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.marks: list[Mark] = []
        self._open: list[tuple[str, Mark]] = []
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.text += "\n"
        if tag in _BLOCKS or tag in ("li", "tr"):
            self._break()
        if tag == "li":
            self.text += "• "
        self._verbatim += tag == "pre"
        if tag in _KINDS and len(self._open) < _DEEPEST:
            url = dict(attrs).get("href") or ""
            self._open.append((tag, Mark(_KINDS[tag], len(self.text), 0, url)))

    def handle_endtag(self, tag: str) -> None:
        self._verbatim -= tag == "pre" and self._verbatim > 0
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                _, mark = self._open.pop(place)
                self._close(mark)
                break
        if tag in _BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._verbatim:
            words = " ".join(data.split())
            before = " " if data[:1].isspace() and self.text and not self.text[-1].isspace() else ""
            data = before + words + (" " if words and data[-1:].isspace() else "")
        self.text += data

    def _break(self) -> None:
        self.text = self.text.rstrip(" ")
        if self.text and not self.text.endswith("\n"):
            self.text += "\n"

    def _close(self, mark: Mark) -> None:
        length = len(self.text.rstrip()) - mark.offset
        if length > 0 and (mark.kind != "text_link" or mark.url):
            self.marks.append(mark._replace(length=length))


def _read(html: str) -> tuple[str, list[Mark]]:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = reader.text.rstrip()
    return text, sorted(_within(reader.marks, 0, len(text)), key=lambda mark: (mark.offset, -mark.length))
