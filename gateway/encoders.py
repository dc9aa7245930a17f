"""Which encoder a desk matches with: none, the one that is installed, or one that a package brings.

A package brings one by the entry point group `frontdesk.encoders`: its name there is what the setting
`encoder` names, and calling it without arguments makes it.
"""

from collections.abc import Callable
from importlib.metadata import entry_points

from knowledgebase.encoder import LEXICAL, Encoder, Universal, installed

GROUP = "frontdesk.encoders"
AUTO, NONE = "auto", "lexical"


class UnknownEncoder(ValueError):
    """No package brings the encoder that the setting names."""


def chosen(name: str) -> Callable[[], Encoder] | None:
    """What makes the encoder, which takes seconds; None where matching is to be by words alone.

    Raises `UnknownEncoder`.
    """
    if name == NONE or (name == AUTO and not installed()):
        return None
    if name == AUTO:
        return Universal
    for point in entry_points(group=GROUP, name=name):
        made: Callable[[], Encoder] = point.load()
        return made
    known = ", ".join([AUTO, NONE, *sorted(point.name for point in entry_points(group=GROUP))])
    raise UnknownEncoder(f"no encoder is named {name!r}; there are {known}")


def described(name: str) -> str:
    """What `chosen` comes to, in words. Raises `UnknownEncoder`."""
    made = chosen(name)
    return LEXICAL if made is None else str(getattr(made, "name", name))
