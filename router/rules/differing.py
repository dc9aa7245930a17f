"""Two versions of a set of rules, side by side, rule by rule."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Difference(NamedTuple):
    """Rules by id; `changed` with the members that differ, `moved` where the order among the others does."""

    added: list[str]
    removed: list[str]
    changed: dict[str, list[str]]
    moved: list[str]


def difference(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> Difference:
    """What leads from one document to the other."""
    old = {str(rule["id"]): rule for rule in before}
    new = {str(rule["id"]): rule for rule in after}
    kept = [key for key in old if key in new]
    changed = {
        key: sorted(
            name for name in old[key].keys() | new[key].keys() if old[key].get(name) != new[key].get(name)
        )
        for key in kept
        if old[key] != new[key]
    }
    order = [key for key in new if key in old]
    return Difference(
        added=[key for key in new if key not in old],
        removed=[key for key in old if key not in new],
        changed=changed,
        moved=[was for was, now in zip(kept, order, strict=True) if was != now],
    )
