"""A text as lines that know what their sender's program said of them.

How deep they are quoted, and whether they are a signature: plain text says it
with ">", HTML with its elements.
"""

from typing import NamedTuple


class Line(NamedTuple):
    """A line without its quote marks. `depth` counts them; `signature` and `history` (the message replied to,
    not marked as a quote) are what the HTML's own elements say."""

    text: str
    depth: int = 0
    signature: bool = False
    history: bool = False

    def __str__(self) -> str:
        return f"{'>' * self.depth} {self.text}" if self.depth else self.text


def of_text(text: str) -> list[Line]:
    """The lines of plain text."""
    return [_line(line) for line in text.split("\n")]


def joined(lines: list[Line]) -> str:
    """The text of lines, quote marks and all, without empty lines around it and at most one between."""
    kept: list[str] = []
    for line in lines:
        shown = str(line).rstrip()
        if shown or (kept and kept[-1]):
            kept.append(shown)
    return "\n".join(kept).strip("\n")


def normal(text: str) -> str:
    """With line feeds alone, and no blanks at the ends of lines nor characters that show as nothing."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    plain = plain.translate(GONE)
    return "\n".join(line.rstrip() if line != "-- " else line for line in plain.split("\n"))


def unflowed(text: str, delsp: bool) -> str:
    """The paragraphs of a format=flowed text (RFC 3676): a line that ends in a blank goes on in the next."""
    found: list[str] = []
    open_depth = -1
    for line in text.replace("\r\n", "\n").split("\n"):
        marks = len(line) - len(line.lstrip(">"))
        body = line[marks:].removeprefix(" ")
        flows = body.endswith(" ") and body != "-- "
        kept = body[:-1] if flows and delsp else body
        if marks == open_depth and body != "-- ":
            found[-1] += kept
        else:
            found.append(f"{'>' * marks} {kept}" if marks else kept)
        open_depth = marks if flows else -1
    return "\n".join(found)


# Zero-width marks and directions that some programs scatter; a non-breaking space is a space.
GONE = {
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)]),
    0x200B: None,
    0x200E: None,
    0x200F: None,
    0xFEFF: None,
    0x2060: None,
    0xAD: None,
    0xA0: " ",
    0x0C: None,
}
_DEEPEST = 50


def _line(line: str) -> Line:
    depth, at, end = 0, 0, len(line)
    while at < end and depth < _DEEPEST:
        char = line[at]
        if char in ">＞" or (depth and char == "|"):
            depth += 1
        elif char != " " or (not depth and at >= 3):
            break
        at += 1
    # A row of arrows is decoration: ">>> our shop <<<".
    if not depth or "<<" in line:
        return Line(line)
    return Line(line[at:], depth)
