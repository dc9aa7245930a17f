"""What the rules made of a message, and the effects that write it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec

from router.decision import Hit
from router.rules import times
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
    Spam,
    Tell,
    UsePolicy,
    Wait,
)
from router.rules.fields import Values
from router.rules.template import Template
from router.values import Priority, Requirement


class Outcome(msgspec.Struct, kw_only=True):
    """What rules set; None or empty where none did. Of two rules that set the same, the later one counts.

    `replies` are rendered; two equal ones are one. `skills` hold each skill once, at the highest level asked.
    `snooze` is in minutes. `notify` and `webhooks` are as the rules name them. `hits` are the rules that
    applied, in order.
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
    snooze: float | None = None
    spam: bool = False
    notify: tuple[Any, ...] = ()
    webhooks: tuple[Any, ...] = ()
    hits: tuple[Hit, ...] = ()


Write = Callable[[Outcome, Values], str | None]
"""Applies an effect; returns what went wrong, in words, or None."""


def compile_effect(effect: Effect) -> tuple[str, Write]:
    """What an effect does, in words, and the function that does it."""
    return _COMPILED[type(effect)](effect)


def _short(value: Any) -> str:
    return str(value)[:100]


def _put(name: str, value: Any) -> Write:
    def write(outcome: Outcome, values: Values) -> None:
        setattr(outcome, name, value)

    return write


def _snooze(length: str) -> Write:
    span = times.duration(length)
    return _put("snooze", None if span is None else span / timedelta(minutes=1))


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


def _compile_require(effect: Require) -> tuple[str, Write]:
    skill, level = effect.require.skill, effect.require.level
    return f"require {skill} at level {level}", _require(Requirement(skill=skill, level=level))


_COMPILED: Final[dict[type, Callable[[Any], tuple[str, Write]]]] = {
    Set: lambda one: (f"set {one.set} to {_short(one.to)}", _set(one.set, one.to)),
    AddTag: lambda one: (f"tag {one.tag}", _tag(one.tag)),
    Require: _compile_require,
    SayReply: lambda one: ("reply", _reply(one.reply)),
    Answer: lambda one: (f"answer with article {one.answer}", _put("answer", one.answer)),
    HandOver: lambda one: ("hand over", _put("handover", True)),
    SkipBot: lambda one: ("skip the bot", _put("skip_bot", True)),
    Drop: lambda one: (f"discard: {one.discard}", _put("discard", one.discard)),
    UsePolicy: lambda one: (f"set policy to {one.policy}", _put("policy", one.policy)),
    Tell: lambda one: (f"notify {_short(one.notify)}", _append("notify", one.notify)),
    Call: lambda one: (f"call {_short(one.webhook)}", _append("webhooks", one.webhook)),
    Wait: lambda one: (f"snooze for {one.snooze}", _snooze(one.snooze)),
    Spam: lambda one: ("close as spam", _put("spam", True)),
}
