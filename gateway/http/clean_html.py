"""HTML that an agent wrote, made safe before it is stored: what others see must carry no script."""

import nh3

from gateway.http.problems import Invalid

# The sanitiser's time grows with depth; a mail that somebody wrote has some hundred tags.
MOST_TAGS = 2_000


def safe(html: str | None) -> str | None:
    """The HTML with the tags and attributes that are left of it; raises `Invalid` for what no hand wrote."""
    if html is None:
        return None
    if html.count("<") > MOST_TAGS:
        raise Invalid.at("/html", "too_complex", f"HTML here has at most {MOST_TAGS} tags.")
    return nh3.clean(html)
