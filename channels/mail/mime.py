"""A mail's bytes as a tree of parts, in time linear in its size, within `channels.mail.limits`.

The standard library's parser takes seconds for 50,000 parts and overruns the stack on nesting, before anybody
could count; here counting comes first. Syntax: RFC 5322, RFC 2045 and RFC 2046, read leniently.
"""

import binascii
from collections.abc import Sequence
from typing import NamedTuple

from channels.mail import limits
from channels.mail.limits import Quarantined
from channels.mail.parameters import Value, parameters

_BARE = str.maketrans("", "", "\r\n\0")


class Part(NamedTuple):
    """A part: its fields in order (names in lower case, values unfolded, bytes as latin-1), body, children.

    `type` is the media type in lower case; `body` is still in its transfer encoding.
    """

    fields: tuple[tuple[str, str], ...]
    type: str
    params: dict[str, str]
    disposition: Value
    body: bytes
    parts: tuple["Part", ...]

    def field(self, name: str) -> str:
        """The first field of this name, "" where there is none."""
        return next((value for key, value in self.fields if key == name), "")

    def every(self, name: str) -> list[str]:
        """All fields of this name."""
        return [value for key, value in self.fields if key == name]

    def content(self) -> bytes:
        """The body without its transfer encoding; what is no such encoding is left as it is."""
        encoding = self.field("content-transfer-encoding").strip().lower().partition(";")[0].strip()
        if encoding == "base64":
            return base64_bytes(self.body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return _uudecoded(self.body)
        return self.body


def read(raw: bytes) -> Part:
    """The mail as a tree; raises `Quarantined`."""
    if len(raw) > limits.LONGEST_MAIL:
        raise Quarantined(f"it has more than {limits.LONGEST_MAIL // limits.MEGABYTE} MB")
    return _Reader().part(_trimmed(raw), 0, "text/plain")


def header(raw: bytes) -> tuple[tuple[str, str], ...]:
    """The mail's own fields alone; raises `Quarantined`."""
    return _fields(_trimmed(raw[: limits.LONGEST_HEADER + 1000]))[0]


def base64_bytes(body: bytes) -> bytes:
    """What base64 stands for; characters that are none and missing padding are passed over."""
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        kept = bytes(body).translate(None, delete=_NOT_BASE64)
        whole = kept[: len(kept) // 4 * 4]
        rest = kept[len(whole) :]
        tail = rest + b"=" * (-len(rest) % 4) if len(rest) > 1 else b""
        return binascii.a2b_base64(whole + tail)


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))


def _trimmed(raw: bytes) -> bytes:
    """Without what stands before the header: a byte order mark, empty lines, mbox's "From " line."""
    start = raw[:1000]
    cut = start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if cut.startswith((b"From ", b">From ")):
        cut = cut.partition(b"\n")[2]
    raw = raw[len(start) - len(cut) :] if len(cut) < len(start) else raw
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def _fields(raw: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """The header's fields, and what follows the empty line."""
    found: list[list[str]] = []
    at, end = 0, len(raw)
    while at < end:
        stop = raw.find(b"\n", at)
        stop = end if stop < 0 else stop
        if stop > limits.LONGEST_HEADER:
            raise Quarantined(f"its header has more than {limits.LONGEST_HEADER} bytes")
        line = raw[at:stop].rstrip(b"\r")
        if not line:
            at = stop + 1
            break
        if line[:1] in b" \t":
            if found:
                found[-1].append(line.decode("latin-1"))
        else:
            name, colon, value = line.partition(b":")
            if not colon or not name.strip() or b" " in name.strip():
                # Not a field: the header ended without its empty line.
                break
            found.append([name.strip().decode("latin-1").lower(), value.decode("latin-1")])
        at = stop + 1
    return tuple(_unfolded(lines) for lines in found), raw[at:]


def _unfolded(lines: Sequence[str]) -> tuple[str, str]:
    name, value = lines[0], "".join(lines[1:])
    limit = limits.LONGEST_FROM if name == "from" else limits.LONGEST_FIELD
    if len(value) > limit:
        raise Quarantined(f"its field {name[:40]} has more than {limit} bytes")
    return name, value.translate(_BARE).strip()


class _Reader:
    """Reads one mail; counts the parts."""

    def __init__(self) -> None:
        self._parts = 0

    def part(self, raw: bytes, depth: int, default: str) -> Part:
        self._parts += 1
        if self._parts > limits.MOST_PARTS:
            raise Quarantined(f"it has more than {limits.MOST_PARTS} parts")
        if depth > limits.DEEPEST_PART:
            raise Quarantined(f"its parts are nested more than {limits.DEEPEST_PART} deep")
        fields, body = _fields(raw)
        named = dict(reversed(fields))
        type_, params = parameters(named.get("content-type", ""))
        type_ = type_.lower() if type_.count("/") == 1 else default
        disposition = parameters(named.get("content-disposition", ""))
        parts: tuple[Part, ...] = ()
        boundary = params.get("boundary", "").rstrip()
        if type_.startswith("multipart/") and boundary:
            inner = "message/rfc822" if type_ == "multipart/digest" else "text/plain"
            parts = tuple(self.part(one, depth + 1, inner) for one in self._split(body, boundary))
            # A boundary that never comes: what there is, is text.
            type_ = type_ if parts else "text/plain"
        elif type_.startswith("multipart/"):
            type_ = "text/plain"
        return Part(fields, type_, params, disposition, body, parts)

    def _split(self, body: bytes, boundary: str) -> list[bytes]:
        """What stands between the lines that are the boundary; the last may lack its end."""
        mark = b"--" + boundary.encode("latin-1", "replace")
        found: list[bytes] = []
        start = -1
        at = body.find(mark)
        while at >= 0:
            stop = body.find(b"\n", at)
            stop = len(body) if stop < 0 else stop
            rest = body[at + len(mark) : stop].strip()
            at_line = at == 0 or body[at - 1 : at] == b"\n"
            if at_line and rest in (b"", b"--"):
                if start >= 0:
                    found.append(_without_break(body[start:at]))
                    # Checked here already: cutting costs as much as reading.
                    if len(found) + self._parts > limits.MOST_PARTS:
                        raise Quarantined(f"it has more than {limits.MOST_PARTS} parts")
                start = stop + 1
                if rest == b"--":
                    return found
            at = body.find(mark, stop)
        if 0 <= start <= len(body):
            found.append(_without_break(body[start:]))
        return found


def _without_break(body: bytes) -> bytes:
    """The line break before a boundary belongs to the boundary."""
    return body[:-2] if body.endswith(b"\r\n") else body.removesuffix(b"\n")


def _uudecoded(body: bytes) -> bytes:
    found: list[bytes] = []
    for line in body.splitlines():
        if line.startswith((b"begin ", b"end")) or not line:
            continue
        try:
            found.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some encoders write the length wrong: RFC-less practice, the same repair as CPython's uu module.
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                found.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                continue
    return b"".join(found)
