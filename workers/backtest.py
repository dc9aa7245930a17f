"""Backtest: a draft beside the published rules on messages that were decided before.

Both decide anew from the stored inputs, so that a difference is the rules' and nothing else's. What the
draft would have changed later on (a ticket that was never opened) is not played out.
"""

from collections import Counter
from typing import Any, Final

from router.comparing import Course, course, differences
from router.decide import decide
from router.rules.engine import RuleSet
from storage.restoring import Restored

EXAMPLES: Final = 10
_MOST_KINDS: Final = 100
_LONGEST_TEXT: Final = 200


class Backtest:
    """Counts what differs; `report` is what there is so far, as JSON, and can be gone on from.

    Without `published` the draft stands beside what was decided then.
    """

    def __init__(
        self, published: RuleSet | None, draft: RuleSet, report: dict[str, Any] | None = None
    ) -> None:
        self._published, self._draft = published, draft
        before = report or {}
        self._counts = Counter(before.get("counts", {}))
        self._moves = Counter(before.get("moves", {}))
        self._load = Counter(before.get("load", {}))
        self._lost = Counter(before.get("lost", {}))
        self._examples: dict[str, list[dict[str, Any]]] = before.get("examples", {})

    def take(self, restored: Restored) -> bool:
        """Decide one message by both; True where they differ."""
        self._counts["messages"] += 1
        self._lost.update(restored.lost)
        published = self._published
        decided = restored.decision
        if published is not None:
            decided = decide(restored.inbound, restored.context, published)
        was = course(decided)
        would = course(decide(restored.inbound, restored.context, self._draft))
        hour = restored.created_at.strftime("%H")
        for which, one in (("published", was), ("draft", would)):
            if one.queue:
                self._load[f"{which} {one.queue} {hour}"] += 1
        differs = differences(was, would)
        if differs:
            self._counts["different"] += 1
            self._count(was, would)
            for name, (before, after) in differs.items():
                self._note(f"{name}: {_shown(before)} → {_shown(after)}", restored)
        return bool(differs)

    def report(self) -> dict[str, Any]:
        """What was found."""
        return {
            "counts": dict(self._counts),
            "moves": dict(self._moves.most_common(_MOST_KINDS)),
            "load": dict(self._load),
            "lost": dict(self._lost),
            "examples": self._examples,
        }

    def _count(self, was: Course, would: Course) -> None:
        if was.outcome != "answered" and would.outcome == "answered":
            self._counts["answers_won"] += 1
        if was.outcome == "answered" and would.outcome != "answered":
            self._counts["answers_lost"] += 1
        if (was.policy, was.priority) != (would.policy, would.priority):
            self._counts["targets_changed"] += 1

    def _note(self, what: str, restored: Restored) -> None:
        if what not in self._moves and len(self._moves) >= _MOST_KINDS:
            what = "other"
        self._moves[what] += 1
        examples = self._examples.setdefault(what, [])
        if len(examples) < EXAMPLES:
            text = getattr(restored.inbound.event, "text", "")[:_LONGEST_TEXT]
            examples.append({"decision": f"dec_{restored.seq}", "text": text})


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        parts = (" ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in value)
        return ", ".join(parts)[:80] or "none"
    return str(value)[:80] or "none"
