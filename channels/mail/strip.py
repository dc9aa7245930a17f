"""What the author of a text or an HTML wrote, without quotes and signature."""

from typing import Final

import re2

from channels.mail import html, html_lines
from channels.mail.limits import Quarantined
from channels.mail.lines import normal, of_text
from channels.mail.quotes import separate

# An element that mail programs write; a text may hold "<" and addresses in angle brackets.
_HTML: Final = re2.compile(
    r"(?i)<(?:!doctype html|html|body|head|div|p|br|table|blockquote|span|font|meta|style|ul|ol|li|h[1-6]|"
    r"a\s+href|b|i|strong|em|pre|hr|img)(?:\s[^<>]*)?/?>"
)


def strip(text: str) -> str:
    """The reply in it; HTML that would take too long loses its tags and no more."""
    if _HTML.search(text):
        try:
            html.check(text)
        except Quarantined:
            return separate(of_text(normal(html.without_tags(text)))).reply
        return separate(html_lines.lines(text)).reply
    return separate(of_text(normal(text))).reply
