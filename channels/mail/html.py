"""HTML from strangers: what may be read at all, and what may be shown.

The parsers' time grows faster than depth and size, so both are counted first in one pass.
"""

import re
from html import unescape
from typing import Final

import nh3
from selectolax.lexbor import LexborHTMLParser

from channels.mail import limits
from channels.mail.limits import Quarantined

# Linear: a name, then whatever is neither of two characters.
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)")
# Those that need no end; the rest nests.
_SINGLE: Final = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li td tr th dd dt "
    "option thead tbody tfoot "
    "colgroup html head body rp rt".split()
)
_ATTRIBUTES: Final = {
    "*": {
        "dir",
        "lang",
        "title",
        "align",
        "valign",
        "width",
        "height",
        "bgcolor",
        "border",
        "style",
        "class",
    },
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "table": {"cellpadding", "cellspacing", "summary"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "font": {"color", "face", "size"},
    "blockquote": {"cite", "type"},
}
# No url(), no positions: a mail must neither load anything nor lie over the page that shows it.
_STYLES: Final = {
    "color", "background-color", "font-family", "font-size", "font-style", "font-weight", "text-align",
    "text-decoration", "text-indent", "line-height", "white-space", "direction", "vertical-align", "border",
    "border-left", "border-top", "border-right", "border-bottom", "border-color", "border-style",
    "border-width", "border-collapse", "border-spacing", "margin", "margin-left", "margin-top",
    "margin-right",
    "margin-bottom", "padding", "padding-left", "padding-top", "padding-right", "padding-bottom",
    "width",
    "height", "max-width",
    "list-style-type",
}  # fmt: skip
REMOTE_IMAGE: Final = "data-remote-src"
"""Where the address of an image that is loaded only when asked for is kept."""


def check(html: str) -> None:
    """Raise `Quarantined` for HTML that would take too long."""
    if len(html) > limits.LONGEST_HTML:
        raise Quarantined(f"its HTML has more than {limits.LONGEST_HTML} characters")
    if html.count("&") > limits.MOST_ENTITIES:
        raise Quarantined(f"its HTML has more than {limits.MOST_ENTITIES} entities")
    depth = deepest = tags = 0
    for match in _TAG.finditer(html):
        tags += 1
        if match[2].lower() in _SINGLE or match[3].endswith("/"):
            continue
        depth = max(0, depth - 1) if match[1] else depth + 1
        deepest = max(deepest, depth)
    if tags > limits.MOST_TAGS:
        raise Quarantined(f"its HTML has more than {limits.MOST_TAGS} tags")
    if deepest > limits.DEEPEST_HTML:
        raise Quarantined(f"its HTML is nested more than {limits.DEEPEST_HTML} deep")


def without_tags(html: str) -> str:
    """The text between the tags, for HTML that no parser should see."""
    return unescape(_TAG.sub("\n", html))


def safe(html: str) -> str:
    """What may be shown: no scripts, forms, styles that load; remote images keep their address beside."""
    return nh3.clean(
        _without_remote(html),
        tags=_TAGS,
        clean_content_tags={
            "script",
            "style",
            "title",
            "head",
            "noscript",
            "template",
            "svg",
            "math",
            "iframe",
        },
        attributes=_ALLOWED,
        attribute_filter=_attribute,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        filter_style_properties=_STYLES,
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _without_remote(html: str) -> str:
    """With the addresses of remote images under a name that no browser loads."""
    if "<img" not in html.lower():
        return html
    document = tree(html)
    for image in document.css("img[src]"):
        source = (image.attributes.get("src") or "").strip()
        if source.lower().startswith(("http:", "https:", "//")):
            image.attrs[REMOTE_IMAGE] = source
            del image.attrs["src"]
    return document.html or ""


def _attribute(tag: str, name: str, value: str) -> str | None:
    plain = value.strip().lower()
    if name == "style":
        return (
            None if "url(" in plain or "expression" in plain or "\\" in plain or "image(" in plain else value
        )
    if name == "src":
        # A picture within the mail, or within its HTML, loads nothing from elsewhere.
        inside = plain.startswith("cid:") or plain.startswith(_PICTURES)
        return value if inside else None
    if plain.startswith("data:"):
        return None
    return value


_PICTURES = ("data:image/png", "data:image/jpeg", "data:image/jpg", "data:image/gif", "data:image/webp")
_TAGS: Final = (nh3.ALLOWED_TAGS | {"font", "center", "big", "tt", "img", "u", "s", "strike"}) - {
    "map",
    "area",
}
_ALLOWED: Final = {**_ATTRIBUTES, "img": {"src", "alt", "width", "height", REMOTE_IMAGE}}


def tree(html: str) -> LexborHTMLParser:
    """The parsed document of HTML that `check` has let pass."""
    return LexborHTMLParser(html)
