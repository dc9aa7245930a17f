"""What the rules made of a message, and the effects that write it."""

from collections.abc import Callable
from typing import Any, assert_never

import msgspec

from router.decision import Hit
from router.rules.effects import (
    AddTag,
    Answer,
    Call,
    Drop,
    Effect,
    HandOver,
    Require,
    SayReply,
    Set,
    SkipBot,
    Tell,
    UsePolicy,
)
from router.rules.fields import Values
from router.rules.template import Template
from router.values import Priority, Requirement


class Outcome(msgspec.Struct, kw_only=True):
    """What rules set; None or empty where none did. Of two rules that set the same, the later one counts.

    `replies` are rendered; two equal ones are one. `skills` hold each skill once, at the highest level
    asked. `notify` and `webhooks` are as the rules name them. `hits` are the rules that applied, in order.
    """

    queue: str | None = None
    priority: Priority | None = None
    type: str | None = None
    tier: str | None = None
    language: str | None = None
    policy: str | None = None
    tags: tuple[str, ...] = ()
    skills: tuple[Requirement, ...] = ()
    fields: dict[str, Any] = {}
    replies: tuple[str, ...] = ()
    answer: str | None = None
    handover: bool = False
    skip_bot: bool = False
    discard: str | None = None
    notify: tuple[Any, ...] = ()
    webhooks: tuple[Any, ...] = ()
    hits: tuple[Hit, ...] = ()


Write = Callable[[Outcome, Values], str | None]
"""Applies an effect; returns what went wrong, in words, or None."""


def compile_effect(effect: Effect) -> tuple[str, Write]:
    """What an effect does, in words, and the function that does it."""
    match effect:
        case Set():
            did, write = f"set {effect.set} to {_short(effect.to)}", _set(effect.set, effect.to)
        case AddTag():
            did, write = f"tag {effect.tag}", _tag(effect.tag)
        case Require():
            skill = effect.require
            need = Requirement(skill=skill.skill, level=skill.level)
            did, write = f"require {skill.skill} at level {skill.level}", _require(need)
        case SayReply():
            did, write = "reply", _reply(effect.reply)
        case Answer():
            did, write = f"answer with article {effect.answer}", _put("answer", effect.answer)
        case HandOver():
            did, write = "hand over", _put("handover", True)
        case SkipBot():
            did, write = "skip the bot", _put("skip_bot", True)
        case Drop():
            did, write = f"discard: {effect.discard}", _put("discard", effect.discard)
        case UsePolicy():
            did, write = f"set policy to {effect.policy}", _put("policy", effect.policy)
        case Tell():
            did, write = f"notify {_short(effect.notify)}", _append("notify", effect.notify)
        case Call():
            did, write = f"call {_short(effect.webhook)}", _append("webhooks", effect.webhook)
        case _:
            assert_never(effect)
    return did, write


def _short(value: Any) -> str:
    return str(value)[:100]


def _put(name: str, value: Any) -> Write:
    def write(outcome: Outcome, values: Values) -> None:
        setattr(outcome, name, value)

    return write


def _append(name: str, value: Any) -> Write:
    def write(outcome: Outcome, values: Values) -> None:
        setattr(outcome, name, (*getattr(outcome, name), value))

    return write


def _set(name: str, value: Any) -> Write:
    key = name.removeprefix("fields.")

    def write(outcome: Outcome, values: Values) -> None:
        if key != name:
            outcome.fields[key] = value
        else:
            setattr(outcome, name, value)
        values.put(name, value)

    return write


def _tag(tag: str) -> Write:
    def write(outcome: Outcome, values: Values) -> None:
        if tag not in outcome.tags:
            outcome.tags = (*outcome.tags, tag)
        if tag not in values["tags"]:
            values.put("tags", (*values["tags"], tag))

    return write


def _require(need: Requirement) -> Write:
    def write(outcome: Outcome, values: Values) -> None:
        if not outcome.skills:
            outcome.skills = (need,)
            return
        before = next((each for each in outcome.skills if each.skill == need.skill), None)
        if before is None or before.level < need.level:
            others = tuple(each for each in outcome.skills if each is not before)
            outcome.skills = (*others, need)

    return write


def _reply(source: str) -> Write:
    template = Template(source)

    def write(outcome: Outcome, values: Values) -> str | None:
        try:
            text = template.render(values)
        except ValueError as error:
            return f"no reply, the template failed: {error}"
        if not text.strip():
            return "no reply, the template gave an empty text"
        if text not in outcome.replies:
            outcome.replies = (*outcome.replies, text)
        return None

    return write
