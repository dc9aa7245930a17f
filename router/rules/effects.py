"""The form of an effect: what the `then` of a rule may do."""

import re
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from router.rules import times
from router.rules.fields import field_named
from router.rules.parts import Name, Part, refused
from router.rules.template import Template
from router.values import PRIORITIES


class _Keyed(Part):
    key: ClassVar[str]


SETTABLE: Final = ("queue", "priority", "type", "tier", "language", "policy")


class Set(_Keyed):
    """Give a field a value: `queue`, `priority`, `type`, `tier`, `language`, `policy` or `fields.KEY`."""

    key = "set"
    set: str
    to: Any

    @field_validator("set")
    @classmethod
    def _settable(cls, name: str) -> str:
        if name in SETTABLE or (name.startswith("fields.") and field_named(name) is not None):
            return name
        raise refused("target", f"a rule can set {', '.join(SETTABLE)} and fields.KEY")

    @field_validator("to")
    @classmethod
    def _fits(cls, to: Any, info: ValidationInfo) -> Any:
        name = info.data.get("set", "fields.")
        if name == "priority" and to not in PRIORITIES:
            raise refused("value", f"one of {', '.join(PRIORITIES)}")
        if name in SETTABLE and not (isinstance(to, str) and 0 < len(to) <= 200):
            raise refused("value", f"{name} is a text of 1 to 200 characters")
        return to


class AddTag(_Keyed):
    """Tag the ticket."""

    key = "tag"
    tag: Name


class Skill(Part):
    """A skill and the least level, 1 to 5."""

    skill: Name
    level: Annotated[int, Field(ge=1, le=5)] = 1


class Require(_Keyed):
    """The ticket needs someone with this skill."""

    key = "require"
    require: Skill


class SayReply(_Keyed):
    """Send the customer this text (Liquid)."""

    key = "reply"
    reply: str

    @field_validator("reply")
    @classmethod
    def _compiles(cls, source: str) -> str:
        try:
            Template(source).try_out()
        except ValueError as error:
            raise refused("template", str(error)) from error
        return source


class Answer(_Keyed):
    """Answer with this article (its id)."""

    key = "answer"
    answer: Name


class HandOver(_Keyed):
    """Give the conversation to a person."""

    key = "handover"
    handover: Literal[True]


class SkipBot(_Keyed):
    """Leave the knowledge base out of it."""

    key = "skip_bot"
    skip_bot: Literal[True]


class Drop(_Keyed):
    """Keep the message and do nothing about it."""

    key = "discard"
    discard: Name


class UsePolicy(_Keyed):
    """The SLA policy that counts (its id)."""

    key = "policy"
    policy: Name


class Tell(_Keyed):
    """Notify agents: a name, a list of names, or an object."""

    key = "notify"
    notify: Any

    @field_validator("notify")
    @classmethod
    def _somebody(cls, to: Any) -> Any:
        names = to if isinstance(to, list) and len(to) <= 50 else [to]
        if to and (
            isinstance(to, dict) or all(isinstance(name, str) and 0 < len(name) <= 200 for name in names)
        ):
            return to
        raise refused("value", "notify takes a name, a list of 1 to 50 names, or an object")


_WEB: Final = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


class Call(_Keyed):
    """Call an address with the message: a URL, or an object with `url`."""

    key = "webhook"
    webhook: Any

    @field_validator("webhook")
    @classmethod
    def _web(cls, to: Any) -> Any:
        url = to.get("url") if isinstance(to, dict) else to
        if not isinstance(url, str) or len(url) > 2_000 or not _WEB.fullmatch(url):
            raise refused("value", "a webhook needs an http or https address")
        return to


class Wait(_Keyed):
    """Snooze the ticket for a while: 30m, 2h, 3d."""

    key = "snooze"
    snooze: str

    @field_validator("snooze")
    @classmethod
    def _while(cls, value: str) -> str:
        length = times.duration(value)
        if length is None or not timedelta() < length <= timedelta(days=365):
            raise refused("value", "snooze takes a while such as 30m, 2h, 3d or 1w, a year at most")
        return value


class Spam(_Keyed):
    """Close it as spam: nothing follows from the message, and its ticket is closed."""

    key = "spam"
    spam: Literal[True]


_EFFECTS: Final[tuple[type[_Keyed], ...]] = (
    Set,
    AddTag,
    Require,
    SayReply,
    Answer,
    HandOver,
    SkipBot,
    Drop,
    UsePolicy,
    Tell,
    Call,
    Wait,
    Spam,
)
_EFFECT_KEYS: Final[tuple[str, ...]] = tuple(kind.key for kind in _EFFECTS)


def _effect_tag(value: Any) -> str | None:
    if isinstance(value, _Keyed):
        return f"<{value.key}>"
    key = effect_key(value)
    return f"<{key}>" if key else None


def effect_key(value: Any) -> str | None:
    return next((key for key in _EFFECT_KEYS if key in value), None) if isinstance(value, dict) else None


Effect = Annotated[
    Annotated[Set, Tag("<set>")]
    | Annotated[AddTag, Tag("<tag>")]
    | Annotated[Require, Tag("<require>")]
    | Annotated[SayReply, Tag("<reply>")]
    | Annotated[Answer, Tag("<answer>")]
    | Annotated[HandOver, Tag("<handover>")]
    | Annotated[SkipBot, Tag("<skip_bot>")]
    | Annotated[Drop, Tag("<discard>")]
    | Annotated[UsePolicy, Tag("<policy>")]
    | Annotated[Tell, Tag("<notify>")]
    | Annotated[Call, Tag("<webhook>")]
    | Annotated[Wait, Tag("<snooze>")]
    | Annotated[Spam, Tag("<spam>")],
    Discriminator(
        _effect_tag,
        custom_error_type="effect",
        custom_error_message=f"an effect is an object with one of {', '.join(_EFFECT_KEYS)}",
    ),
]
