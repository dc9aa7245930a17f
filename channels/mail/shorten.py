"""What the desk keeps of a very long mail: its beginning to be read, and all of it as a file.

Whatever is done to a text (rules, matching, search, showing) takes time by its length, and nobody reads a
book in an inbox.
"""

import hashlib
from typing import Final

from msgspec.structs import replace

from channels.mail.limits import LONGEST_KEPT, LONGEST_KEPT_HTML
from channels.mail.message import File, Read

_TEXT: Final = ("message.txt", "text/plain")
_HTML: Final = ("message.html", "text/html")


def shortened(found: Read) -> Read:
    """The mail with at most so much text; HTML can't be cut, so one that is too long is a file alone."""
    mail = found.mail
    if len(mail.text) > LONGEST_KEPT:
        found = _with_file(found, mail.text, *_TEXT)
        found = replace(
            found,
            mail=replace(
                found.mail,
                text=mail.text[:LONGEST_KEPT],
                reply_text=mail.reply_text[:LONGEST_KEPT],
                signature=mail.signature[:LONGEST_KEPT],
                cut=True,
            ),
        )
    if len(mail.html_safe) > LONGEST_KEPT_HTML:
        found = _with_file(found, mail.html_safe, *_HTML)
        found = replace(found, mail=replace(found.mail, html_safe=""))
    return found


def _with_file(found: Read, content: str, name: str, type_: str) -> Read:
    data = content.encode("utf-8", "replace")
    digest = hashlib.sha256(data).hexdigest()
    file = File(name=name, type=type_, size=len(data), sha256=digest)
    mail = replace(found.mail, attachments=(*found.mail.attachments, file))
    return Read(mail=mail, files=(*found.files, data))
