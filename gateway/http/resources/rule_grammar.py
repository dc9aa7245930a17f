"""What rules can be made of, over HTTP: fields, operators and effects with their words, for forms."""

from typing import Literal

from pydantic import BaseModel

from gateway.http.call import Call
from gateway.http.endpoint import Api
from router.decision import Event
from router.rules.effects import SETTABLE
from router.rules.fields import FIELDS, field_named
from router.rules.form import ALLOWED, STAGES, Stage
from router.rules.operators import BY_KIND
from router.rules.wording import EFFECTS, FAMILIES, OPERATORS, Words
from router.rules.wording import FIELDS as FIELD_WORDS
from storage.paging import Sql

api = Api("Routing")
_EVENTS: tuple[Event, ...] = ("message", "ticket_created", "ticket_changed", "time")


class Named(BaseModel):
    """A name as rules write it, and its words; `…` stands for what is filled in."""

    name: str
    en: str
    zh: str


class FieldOut(Named):
    """A field. With `family` a key of the desk's own follows the name; `choices`: its only values."""

    kind: Literal["text", "id", "choice", "priority", "number", "list", "time", "hour", "any"]
    choices: list[str]
    family: bool


class GrammarOut(BaseModel):
    """`operators` by the kind of the field, `effects` by stage; `settable`: what `set` sets."""

    fields: list[FieldOut]
    operators: dict[str, list[Named]]
    effects: dict[Stage, list[Named]]
    settable: list[str]
    events: list[Event]


@api.read("/api/v1/routing/grammar", role="supervisor", summary="What rules can be made of")
def get_grammar(sql: Sql, call: Call) -> GrammarOut:
    """Fields, operators and effects, in English and Simplified Chinese."""
    return GrammarOut(
        fields=[
            *(_field(name, FIELD_WORDS[name], family=False) for name in FIELDS),
            *(_field(prefix, words, family=True) for prefix, words in FAMILIES.items()),
        ],
        operators={kind: [_named(op, OPERATORS[op]) for op in ops] for kind, ops in BY_KIND.items()},
        effects={
            stage: [_named(key, words) for key, words in EFFECTS.items() if key in ALLOWED[stage]]
            for stage in STAGES
        },
        settable=list(SETTABLE),
        events=list(_EVENTS),
    )


def _named(name: str, words: Words) -> Named:
    en, zh = (said.replace("{}", "…") for said in words)
    return Named(name=name, en=en, zh=zh)


def _field(name: str, words: Words, *, family: bool) -> FieldOut:
    field = field_named(f"{name}key" if family else name)
    assert field is not None  # noqa: S101 - it is of the table of fields
    return FieldOut(
        name=name, en=words[0], zh=words[1], kind=field.kind, choices=list(field.choices), family=family
    )
