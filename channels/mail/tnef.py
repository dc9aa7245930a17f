"""winmail.dat: what Outlook wraps text and files in when it takes the other side for Outlook (MS-OXTNEF)."""

import logging
from typing import NamedTuple

from tnefparse import TNEF

from channels.mail import rtf
from channels.mail.charset import decoded

# It logs what it doesn't know, which says nothing to anybody who runs a desk.
logging.getLogger("tnef-decode").disabled = True
_MOST_FILES = 200


class Unpacked(NamedTuple):
    """The text and HTML within, "" where there is none, and the files as (name, content).

    `whole`: nothing within was left unread.
    """

    text: str
    html: str
    files: tuple[tuple[str, bytes], ...]
    whole: bool


def unpack(data: bytes) -> Unpacked | None:
    """What is within; None for what is no TNEF, or is broken."""
    try:
        found = TNEF(data, do_checksum=False)
        files = tuple((_name(one), bytes(one.data or b"")) for one in found.attachments[:_MOST_FILES])
        whole = len(found.attachments) <= _MOST_FILES
        text, html = _text(found.body), _text(found.htmlbody)
        if not (text or html) and found.rtfbody:
            # Without a further library it is given as it stands in the file: compressed.
            rich = rtf.text_of(bytes(found.rtfbody))
            text, whole = (rich.text, whole and rich.whole) if rich else ("", False)
        return Unpacked(text, html, files, whole)
    # The library guards against nothing: broken files raise whatever its reads come across.
    except Exception:
        return None


def _name(attachment: object) -> str:
    long = getattr(attachment, "long_filename", None)
    name = long() if callable(long) else getattr(attachment, "name", "")
    return _text(name).strip("\0")


def _text(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return decoded(value).strip("\0\ufffd") if isinstance(value, bytes) else str(value or "").strip("\0")
