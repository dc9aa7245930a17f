"""Queues, skills, tiers, fields, policies, calendars and ticket types as JSON."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.http.fields import Id, Key, Level, Name, Slug, Time, Word
from router.values import Priority

Minutes = Annotated[float, Field(gt=0, le=525_600)]
_CLOCK = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


def _clock(text: str) -> str:
    if not re.match(_CLOCK, text):
        raise PydanticCustomError("bad_time", "A time of day is HH:MM, from 00:00 to 24:00.")
    return text


Clock = Annotated[str, AfterValidator(_clock), Field(json_schema_extra={"pattern": _CLOCK})]
Windows = Annotated[list[tuple[Clock, Clock]], Field(max_length=48)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")]


class Named(BaseModel):
    """What all of them have. An id that is not given is the name where it can be one, else made."""

    id: Slug | None = None
    name: Name
    names: Annotated[dict[Language, Name], Field(max_length=20)] = Field(
        default_factory=dict, description="What it is called in other languages, by their tag, such as `zh`."
    )


class Stamped(BaseModel):
    """What the desk adds."""

    id: str
    version: int
    created_at: Time
    updated_at: Time


class Requirement(BaseModel):
    """A skill and the least level (1-5)."""

    skill: Id
    level: Level = 1


class QueueStep(BaseModel):
    """Who may take a ticket too, so long after it began to wait: in the queue, in another, or `anybody`."""

    after_seconds: float = Field(0, ge=0, le=2_592_000)
    skills: Annotated[tuple[Requirement, ...], Field(max_length=20)] = ()
    queue: Annotated[str, StringConstraints(max_length=64)] = ""
    anybody: bool = False
    alert: bool = False


class NewQueue(Named):
    """Where tickets wait. `offer_seconds` 0 assigns at once; one queue is the default.

    `steps` widen who may take a ticket. A ticket takes `units` of an agent's capacity by its channel's kind
    (1 where none are named); nobody has more than `most_each` at once (0: no limit). It is kept for
    `hold_seconds` for who had it, its customer's owner, their stand-in, who served the customer last. Once
    resolved it takes its agent's room for `wrap_up_seconds` more, unless they end that.
    With `hurry` the next step opens when 90 % of a response's promise are used. Supervisors are told when a
    ticket gets to a step with `alert`.
    """

    skills: Annotated[tuple[Requirement, ...], Field(max_length=20)] = ()
    offer_seconds: int = Field(60, ge=0, le=86_400)
    steps: Annotated[tuple[QueueStep, ...], Field(max_length=10)] = ()
    units: Annotated[dict[Id, Annotated[int, Field(ge=1, le=1000)]], Field(max_length=50)] = {}
    most_each: int = Field(0, ge=0, le=1000)
    hold_seconds: float = Field(30, ge=0, le=86_400)
    wrap_up_seconds: float = Field(0, ge=0, le=86_400)
    calendar: Annotated[str, StringConstraints(max_length=64)] = Field(
        "", description="The opening hours by which the queue's two targets count; none: always."
    )
    assignment: Minutes | None = Field(None, description="Minutes within which an agent should have it.")
    ownership: Minutes | None = Field(
        None, description="Minutes within which it should be resolved or in another queue."
    )
    hurry: bool = False
    default: bool = False


class QueueOut(Stamped, NewQueue):
    """A queue."""

    id: str


class NewSkill(Named):
    """What an agent can be good at."""

    description: Word = ""
    reserve: int = Field(0, ge=0, le=1000, description="Agents kept free for tickets that need it.")


class SkillOut(Stamped, NewSkill):
    """A skill."""

    id: str


class NewTier(Named):
    """A customer's class of service; `order` 0 is the best."""

    order: int = Field(0, ge=0, le=1000)


class TierOut(Stamped, NewTier):
    """A tier."""

    id: str


class NewField(Named):
    """A custom field of tickets or customers; rules and filters know it as `fields.ID`."""

    on: Literal["ticket", "customer"] = "ticket"
    type: Literal["text", "number", "boolean", "date", "choice"] = "text"
    choices: Annotated[tuple[Key, ...], Field(max_length=500)] = ()

    @model_validator(mode="after")
    def _choices_fit(self) -> "NewField":
        if bool(self.choices) != (self.type == "choice"):
            raise PydanticCustomError("choices", "choices go with the type choice, and only with it")
        return self


class FieldOut(Stamped, NewField):
    """A field definition."""

    id: str


class NewPolicy(Named):
    """SLA targets in minutes, for the tiers and priorities named (none named: all)."""

    calendar: Annotated[str, StringConstraints(max_length=64)] = ""
    tiers: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    priorities: Annotated[tuple[Priority, ...], Field(max_length=4)] = ()
    first_response: Minutes | None = None
    next_response: Minutes | None = None
    resolution: Minutes | None = None
    pause_on: Annotated[tuple[Literal["customer", "internal", "snoozed"], ...], Field(max_length=3)] = (
        "customer",
    )


class PolicyOut(Stamped, NewPolicy):
    """An SLA policy."""

    id: str


class NewCalendar(Named):
    """Opening hours: `"mon": [["09:00", "17:00"]]`; a close at or before its open is on the next day.

    With `country` (ISO 3166: `CN`, `DE-BY`) its public holidays are closed and weekend days that are worked
    in exchange are open; `holidays` and `special_hours` override.
    """

    tz: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    weekly: dict[Weekday, Windows] = {}
    holidays: Annotated[list[date], Field(max_length=5000)] = []
    special_hours: Annotated[dict[date, Windows], Field(max_length=5000)] = {}
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}(-[A-Za-z0-9]{1,5})?)?$")] = ""


class CalendarOut(Stamped, NewCalendar):
    """A calendar."""

    id: str


class NewTicketType(Named):
    """What a ticket can be: a question, a return, an incident."""

    description: Word = ""


class TicketTypeOut(Stamped, NewTicketType):
    """A ticket type."""

    id: str
