"""The parameters of Content-Type and Content-Disposition: RFC 2045, and RFC 2231 for long and foreign values.

One pass over the text, so that a hundred thousand parameters cost no more than their length.
"""

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from channels.mail.charset import decoded

# More continuations than this of one value are not read.
_MOST = 200


class Value(NamedTuple):
    """A field's value with its parameters, whose names are in lower case."""

    value: str
    params: dict[str, str]


def parameters(field: str) -> Value:
    """The value before the first semicolon and the parameters; of a doubled one the first counts."""
    pieces = _split(field)
    value = pieces[0].strip() if pieces else ""
    plain: dict[str, str] = {}
    continued: dict[str, dict[int, tuple[str, bool]]] = {}
    for piece in pieces[1:]:
        name, equals, text = piece.partition("=")
        name = name.strip().lower()
        if not equals or not name:
            continue
        text = _unquoted(text.strip())
        base, star, section = name.partition("*")
        if not star:
            plain.setdefault(name, text)
            continue
        encoded = section.endswith("*") or not section
        number = section.rstrip("*") or "0"
        if number.isascii() and number.isdigit() and len(number) < 4 and int(number) < _MOST:
            continued.setdefault(base, {}).setdefault(int(number), (text, encoded))
    for name, sections in continued.items():
        # RFC 2231 says that the extended form is preferred where both are given.
        plain[name] = _joined(sections)
    return Value(value, plain)


def _split(field: str) -> list[str]:
    """At semicolons outside quotes and comments."""
    if '"' not in field and "(" not in field:
        return field.split(";")
    pieces: list[str] = []
    piece: list[str] = []
    quoted, depth, escaped = False, 0, False
    for char in field:
        if escaped:
            escaped = False
        elif char == "\\" and (quoted or depth):
            escaped = True
        elif char == '"' and not depth:
            quoted = not quoted
        elif not quoted and char == "(":
            depth += 1
        elif not quoted and char == ")" and depth:
            depth -= 1
            continue
        elif not quoted and not depth and char == ";":
            pieces.append("".join(piece))
            piece = []
            continue
        if not depth:
            piece.append(char)
    return [*pieces, "".join(piece)]


def _unquoted(text: str) -> str:
    if len(text) < 2 or not text.startswith('"'):
        return text
    end = text.rfind('"')
    inner = text[1:end] if end > 0 else text[1:]
    return inner.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") if "\\" in inner else inner


def _joined(sections: dict[int, tuple[str, bool]]) -> str:
    charset = ""
    found: list[bytes] = []
    for number in sorted(sections):
        text, encoded = sections[number]
        if encoded and not found and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        found.append(
            unquote_to_bytes(text.encode("latin-1", "replace"))
            if encoded
            else text.encode("latin-1", "replace")
        )
    return decoded(b"".join(found), charset)
