"""Builds a winmail.dat as Outlook writes it, after MS-OXTNEF: attributes with checksums, MAPI properties."""

import struct
from collections.abc import Sequence

_SIGNATURE = 0x223E9F78
_MESSAGE, _ATTACHMENT = 1, 2
# Ids with their types, MS-OXTNEF 2.1.3.2.
_VERSION = 0x00089006
_CODEPAGE = 0x00069007
_CLASS = 0x00078008
_SUBJECT = 0x00018004
_BODY = 0x0002800C
_PROPERTIES = 0x00069003
_RENDERED = 0x00069002
_TITLE = 0x00018010
_DATA = 0x0006800F
_OF_ATTACHMENT = 0x00069005
# Property tags, MS-OXPROPS.
_HTML = (0x1013, 0x0102)
_INTERNET_CODEPAGE = (0x3FDE, 0x0003)
_RTF = (0x1009, 0x0102)
_LONG_NAME = (0x3707, 0x001F)
_METHOD = (0x3705, 0x0003)


def winmail(
    *, body: str = "", html: str = "", rtf: bytes = b"", files: Sequence[tuple[str, bytes]] = ()
) -> bytes:
    """The file: `body` in code page 1252, `html` in UTF-8, `rtf` compressed, `files` by their long names."""
    message = [
        (_VERSION, struct.pack("<I", 0x00010000)),
        (_CODEPAGE, struct.pack("<II", 1252, 0)),
        (_CLASS, b"IPM.Microsoft Mail.Note\0"),
        (_SUBJECT, b"Lamp\0"),
    ]
    if body:
        message.append((_BODY, body.encode("cp1252") + b"\0"))
    if html:
        content = _binary(_HTML, html.encode("utf-8"))
        message.append((_PROPERTIES, _properties(_number(_INTERNET_CODEPAGE, 65001), content)))
    if rtf:
        message.append((_PROPERTIES, _properties(_binary(_RTF, rtf))))
    found = b"".join(_attribute(_MESSAGE, id_, data) for id_, data in message)
    return struct.pack("<IH", _SIGNATURE, 1) + found + b"".join(_file(*file) for file in files)


def _file(name: str, content: bytes) -> bytes:
    # A DOS name for old programs; the long one is among the properties.
    short = name.encode("ascii", "replace").replace(b"?", b"_")[:8] + b"~1.TXT\0"
    properties = _properties(_number(_METHOD, 1), _text(_LONG_NAME, name))
    parts = [
        (_RENDERED, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 32, 32, 0)),
        (_TITLE, short),
        (_DATA, content),
        (_OF_ATTACHMENT, properties),
    ]
    return b"".join(_attribute(_ATTACHMENT, id_, data) for id_, data in parts)


def _attribute(level: int, id_: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, id_, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def _properties(*properties: bytes) -> bytes:
    return struct.pack("<I", len(properties)) + b"".join(properties)


def _number(tag: tuple[int, int], value: int) -> bytes:
    return struct.pack("<HHI", tag[1], tag[0], value)


def _text(tag: tuple[int, int], value: str) -> bytes:
    return _binary(tag, f"{value}\0".encode("utf-16-le"))


def _binary(tag: tuple[int, int], value: bytes) -> bytes:
    padded = value + b"\0" * (-len(value) % 4)
    return struct.pack("<HHII", tag[1], tag[0], 1, len(value)) + padded
