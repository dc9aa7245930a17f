"""Replies in Liquid (https://shopify.github.io/liquid/): plain text out, nothing escaped, all bounded.

The names are those of `router.rules.roots`: `{{ message.text }}`, `{{ customer.name | default: "there" }}`.
Filters and tags are the few that can neither read files, nor the clock, nor blow a text up.
"""

from collections.abc import Callable, Collection
from functools import lru_cache, partial
from typing import Any, Final

from liquid import Environment, RenderContext
from liquid.exceptions import LiquidError
from liquid.output import LimitedStringIO

from router.rules.fields import Values
from router.rules.roots import NAMES, root
from router.rules.sample import bare, rich

LONGEST: Final = 10_000
"""Characters of a template."""
LARGEST_REPLY: Final = 10_240
"""Bytes of a rendered reply."""

_FILTERS: Final = frozenset(
    "abs append at_least at_most capitalize ceil default divided_by downcase first floor last lstrip minus "
    "modulo plus prepend round rstrip size strip strip_newlines times truncate truncatewords upcase "
    "url_encode".split()
)
_WITHOUT_TAGS: Final = ("include", "render", "tablerow")


class _Bounded(Environment):
    block_nesting_limit = 10
    context_depth_limit = 10
    loop_iteration_limit = 200
    local_namespace_limit = 50_000
    output_stream_limit = LARGEST_REPLY

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for tag in _WITHOUT_TAGS:
            del self.tags[tag]
        self.filters = {name: run for name, run in self.filters.items() if name in _FILTERS}


_LIQUID: Final = _Bounded()


class Text:
    """A compiled template over names of one's own."""

    def __init__(self, source: str, names: Collection[str]) -> None:
        """Raises ValueError, in words for the author, where `source` is no template."""
        if not 0 < len(source) <= LONGEST:
            raise ValueError(f"a template has 1 to {LONGEST} characters")
        try:
            self._template = _LIQUID.from_string(source)
            self._names = tuple(self._template.analyze().globals)
        except (LiquidError, RecursionError) as error:
            raise ValueError(_said(error)) from error
        if unknown := sorted({*self._names} - {*names}):
            raise ValueError(f"nothing is named '{unknown[0]}': there are {', '.join(sorted(names))}")

    def fill(self, given: Callable[[str], Any]) -> str:
        """The text; `given` is the value of a name. Raises ValueError where it fails on these values."""
        try:
            names = {name: given(name) for name in self._names}
            # newline="": the library's own buffer would turn a customer's \r\n into \n.
            out = LimitedStringIO(LARGEST_REPLY, newline="")
            self._template.render_with_context(RenderContext(self._template, globals=names), out)
            return out.getvalue()
        except Exception as error:  # filters raise what their arguments make Python raise
            raise ValueError(_said(error)) from error


class Template(Text):
    """A reply's, over the names of a message."""

    def __init__(self, source: str) -> None:
        """Raises ValueError, in words for the author, where `source` is no template."""
        super().__init__(source, NAMES)

    def try_out(self) -> None:
        """Render on sample messages. Raises ValueError where that fails."""
        for values in (rich(), bare()):
            self.render(values)

    def render(self, values: Values) -> str:
        """The reply. Raises ValueError where the template fails on this message."""
        return self.fill(partial(root, values))


@lru_cache(maxsize=10_000)
def asked_by(source: str) -> frozenset[str]:
    """What a reply's template looks at: `customer.name`, `queue_waiting`; of a list or a map, the whole."""
    found = _LIQUID.from_string(source).analyze().globals
    paths = (one.segments for uses in found.values() for one in uses)
    return frozenset(".".join(map(str, path)) for path in paths)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
