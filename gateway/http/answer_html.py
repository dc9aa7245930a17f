"""An answer as HTML for the help page: Markdown, no raw HTML in it, pictures only of its own files."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

import nh3
from markdown_it import MarkdownIt

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
# Ends before what closes a sentence or a bracket, in either language.
_ADDRESS: Final = re.compile(
    r"""(?<![<(\["'])\bhttps?://[^\s<>()\[\]"'，。；！？、）]+[^\s<>()\[\]"'，。；！？、）.,;:!?]"""
)
_ATTRIBUTES: Final = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SCHEMES: Final = {"http", "https", "mailto", "tel"}


@lru_cache(512)
def render(answer: str, folder: str, names: tuple[str, ...]) -> str:
    """Safe HTML. `![](name)` and `[text](name)` reach its files, served at `folder`/0, /1 and so on.

    Plain addresses become links. Milliseconds for a long answer, so not on the event loop.
    """
    for number, name in enumerate(names):
        for written in {name, quote(name)}:
            answer = answer.replace(f"]({written})", f"]({folder}/{number})")
    html = _markdown.render(_ADDRESS.sub(lambda found: f"<{found[0]}>", answer))

    def own_pictures(element: str, attribute: str, value: str) -> str | None:
        return None if (element, attribute) == ("img", "src") and not value.startswith(folder) else value

    return nh3.clean(
        html,
        attributes=_ATTRIBUTES,
        attribute_filter=own_pictures,
        url_schemes=_SCHEMES,
        link_rel="noopener nofollow",
    )
