"""Two decisions about one message, side by side: what a draft would do otherwise."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from router.decision import (
    ChangeTicket,
    CloseTicket,
    Decision,
    Discard,
    EditTicket,
    OpenTicket,
    Reply,
)


class Course(NamedTuple):
    """What a decision comes to, as far as people would notice."""

    outcome: str
    queue: str = ""
    priority: str = ""
    policy: str = ""
    type: str = ""
    tags: tuple[str, ...] = ()
    skills: tuple[tuple[str, int], ...] = ()
    article: str = ""
    said: tuple[str, ...] = ()


def course(decision: Decision) -> Course:
    """What it comes to: `outcome` is answered, handed_over, joined, changed, discarded, asked or nothing."""
    made: dict[str, Any] = {"outcome": "nothing"}
    said: list[str] = []
    for effect in decision.effects:
        match effect:
            case OpenTicket():
                skills = tuple(sorted((need.skill, need.level) for need in effect.skills))
                made |= {"outcome": "handed_over", "queue": effect.queue, "policy": effect.policy}
                made |= {"priority": effect.priority, "type": effect.type, "skills": skills}
                made["tags"] = tuple(sorted(effect.tags))
            case ChangeTicket():
                made |= {"outcome": "joined", "priority": effect.priority or "", "type": effect.type or ""}
                made["tags"] = tuple(sorted(effect.tags))
            case EditTicket():
                named = ("queue", "priority", "policy", "type")
                made |= {"outcome": "changed", **{name: getattr(effect, name) or "" for name in named}}
                made["tags"] = tuple(sorted(effect.tags))
            case Discard():
                made["outcome"] = "discarded"
            case CloseTicket():
                made["outcome"] = "closed"
            case Reply(reason="answer"):
                made |= {"outcome": "answered", "article": effect.article_id or ""}
            case Reply(reason="suggest"):
                made["outcome"] = "asked"
            case Reply(reason="rule"):
                said.append(effect.text)
            case _:
                pass
    return Course(**made, said=tuple(said))


def differences(published: Course, draft: Course) -> dict[str, tuple[Any, Any]]:
    """What differs, by name, from what to what."""
    return {
        name: (was, would)
        for name, was, would in zip(Course._fields, published, draft, strict=True)
        if was != would
    }


def failed(decision: Decision) -> bool:
    """Whether a rule failed on the message."""
    return any(hit.error for hit in decision.hits)


def handed_over(decisions: Iterable[Decision]) -> int:
    """How many of them opened a ticket."""
    return sum(any(isinstance(one, OpenTicket) for one in each.effects) for each in decisions)
