"""What the fields of a header say: words in other charsets, addresses, message ids, dates.

Each is one pass over the field. RFC 5322 for addresses, RFC 2047 for encoded words, both read leniently:
mail that breaks them is everywhere.
"""

import binascii
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from channels.mail.charset import decoded
from channels.mail.mime import base64_bytes

# More addresses than this of one field are not read.
MOST_ADDRESSES = 500
MOST_REFERENCES = 200
_LONGEST_ID = 998
_LONGEST_ADDRESS = 320


class Address(NamedTuple):
    """A mailbox; `email` is "" where the field has only a name."""

    name: str
    email: str


def text(field: str) -> str:
    """A field's text in one line: encoded words decoded, raw bytes read by the likeliest charset."""
    return " ".join(_words(field).split())


def _words(field: str) -> str:
    """Encoded words of RFC 2047, also where they stand in quotes or without spaces between them."""
    found: list[str] = []
    pending: list[bytes] = []
    charset = ""
    at = 0
    while True:
        begin = field.find("=?", at)
        word = _word(field, begin) if begin >= 0 else None
        if begin >= 0 and word is None:
            # No encoded word after all; go on after it.
            if pending:
                found.append(decoded(b"".join(pending), charset))
                pending = []
            found.append(_raw(field[at : begin + 2]))
            at = begin + 2
            continue
        between = field[at:] if word is None else field[at:begin]
        same = word is not None and word.charset == charset and not between.strip()
        if pending and not same:
            found.append(decoded(b"".join(pending), charset))
            # White space between two encoded words is not part of the text.
            between = "" if word is not None and not between.strip() else between
            pending = []
            found.append(_raw(between))
        elif not pending:
            found.append(_raw(between))
        if word is None:
            return "".join(found)
        # Joined before they are decoded: some senders split a character between two words.
        pending.append(word.content)
        charset, at = word.charset, word.end


class _Word(NamedTuple):
    charset: str
    content: bytes
    end: int


def _word(field: str, begin: int) -> _Word | None:
    first = field.find("?", begin + 2)
    if first < 0 or first - begin > 60 or field[first + 2 : first + 3] != "?":
        return None
    kind = field[first + 1].lower()
    end = field.find("?=", first + 3)
    if end < 0 or kind not in "bq":
        return None
    content = field[first + 3 : end].encode("latin-1", "replace")
    data = binascii.a2b_qp(content.replace(b" ", b"_"), header=True) if kind == "q" else base64_bytes(content)
    # RFC 2231 adds a language: charset*language.
    charset = field[begin + 2 : first].partition("*")[0].lower()
    return _Word(charset, data, end + 2)


def _raw(field: str) -> str:
    """Text that stands in the header as it is: ASCII, or bytes that some sender did not encode."""
    return field if field.isascii() else decoded(field.encode("latin-1", "replace"))


def addresses(*fields: str) -> tuple[Address, ...]:
    """The mailboxes of fields like To; the names of groups are left out."""
    found: list[Address] = []
    for field in fields:
        for piece in _split(field):
            if piece.name or piece.email:
                found.append(piece)
            if len(found) >= MOST_ADDRESSES:
                return tuple(found)
    return tuple(found)


def _split(field: str) -> list[Address]:  # noqa: PLR0912 - a branch for each kind of character
    """One state machine over the characters: quotes, comments, angle brackets, groups."""
    found: list[Address] = []
    phrase: list[str] = []
    angle: list[str] | None = None
    route = ""
    comment: list[str] = []
    depth, quoted, escaped = 0, False, False

    def end() -> None:
        nonlocal phrase, angle, route, comment
        found.append(_address("".join(phrase), route, "".join(comment)))
        phrase, angle, route, comment = [], None, "", []

    for char in field:
        if escaped:
            escaped = False
            (comment if depth else phrase if angle is None else angle).append(char)
        elif char == "\\" and (quoted or depth):
            escaped = True
        elif depth:
            depth += (char == "(") - (char == ")")
            comment.append(char if depth else " ")
        elif char == '"' and angle is None:
            quoted = not quoted
        elif quoted:
            phrase.append(char)
        elif char == "(":
            depth = 1
        elif char == "<":
            # "name <a@b> <a@b>": the last one counts, as it does for most programs.
            angle = []
        elif char == ">" and angle is not None:
            route = "".join(angle) or route
            angle = None
        elif char in ",;" and angle is None:
            end()
        elif (
            char == ":"
            and angle is None
            and "@" not in "".join(phrase[-200:])
            and "=?" not in "".join(phrase[:2])
        ):
            phrase = []
        else:
            (phrase if angle is None else angle).append(char)
    if angle:
        route = route or "".join(angle)
    end()
    return found


def _address(phrase: str, route: str, comment: str) -> Address:
    name, mailbox = text(phrase), route
    if not mailbox:
        # A bare address, with its name in a comment: the form of RFC 822.
        words = [word for word in phrase.split() if "@" in word]
        mailbox = words[-1] if words else ""
        name = text(phrase.replace(mailbox, " ", 1)) if mailbox else name
        name = name or text(comment)
    mailbox = _mailbox(mailbox)
    if not mailbox and "@" in name and " " not in name:
        mailbox, name = _mailbox(name), ""
    name = name.strip().strip("'").strip() if name.startswith("'") and name.endswith("'") else name.strip()
    return Address("" if name == mailbox else name[:500], mailbox)


def _mailbox(route: str) -> str:
    """The address without blanks, source route and "mailto:"; its domain in lower case."""
    plain = "".join(_words(route).split())
    if plain.startswith("@") and ":" in plain:
        plain = plain.rpartition(":")[2]
    plain = plain.removeprefix("mailto:").removeprefix("MAILTO:").strip("<>\"'")
    local, _, domain = plain.rpartition("@")
    if len(plain) > _LONGEST_ADDRESS or not plain.isprintable():
        return ""
    if not local or not domain:
        return plain if plain.upper() == "MAILER-DAEMON" else ""
    return f"{local}@{domain.lower().rstrip('.')}"


def message_ids(*fields: str) -> tuple[str, ...]:
    """The ids in angle brackets, each once, in order; past 200 the first and the latest."""
    found: dict[str, None] = {}
    for field in fields:
        at = field.find("<")
        while at >= 0:
            end = field.find(">", at)
            if end < 0:
                break
            one = "".join(field[at : end + 1].split())
            if 2 < len(one) <= _LONGEST_ID and one.isprintable():
                found[one] = None
            at = field.find("<", end)
    ids = tuple(found)
    return ids if len(ids) <= MOST_REFERENCES else (ids[0], *ids[1 - MOST_REFERENCES :])


def message_id(field: str) -> str:
    """The id of a Message-ID field, with its brackets; senders that leave them out are helped."""
    found = message_ids(field)
    if found:
        return found[0]
    bare = "".join(field.split()).strip("<>")
    return f"<{bare}>" if bare and len(bare) < _LONGEST_ID and bare.isprintable() else ""


def date(field: str) -> datetime | None:
    """When it says it was sent, in UTC; None for what is no date between 1970 and 9998."""
    try:
        at = parsedate_to_datetime(field[:100])
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return at if 1970 <= at.year < 9999 else None
