"""The desk as its admins have set it up: one frozen value that decisions are made with."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from router.calendar import Calendar
from router.values import MOST_BOT_TURNS, Policy, Priority, Queue, Tier, Value

LONGEST_FIELD = 5_000


class Field(Value, frozen=True, kw_only=True):
    """A custom field of tickets or customers. `choices` only for `type` choice; a date is YYYY-MM-DD."""

    id: str
    name: str
    on: str = "ticket"
    type: str = "text"
    choices: tuple[str, ...] = ()

    def fault(self, value: Any) -> str | None:
        """Why the value does not fit the field's type, in words; None when it does."""
        match self.type:
            case "number":
                fits = isinstance(value, int | float) and not isinstance(value, bool)
            case "boolean":
                fits = isinstance(value, bool)
            case "date":
                fits = isinstance(value, str) and _is_date(value)
            case "choice":
                fits = value in self.choices
            case _:
                fits = isinstance(value, str) and len(value) <= LONGEST_FIELD
        if fits:
            return None
        wanted = f"one of {', '.join(self.choices)}" if self.type == "choice" else f"a {self.type}"
        return f"The field {self.name} takes {wanted}."


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Queues, tiers, policies, calendars and fields by id. `version` grows with every change.

    A resolved ticket closes after `close_days` without a word; until then the customer's next message
    reopens it. A conversation in which the bot's last word met `self_served_hours` of silence closes; if that
    was an answer, it counts as self-served. The bot has at most `bot_turns` turns in a conversation.

    Who misses an offer is offered nothing for `cool_down_seconds`, is the last choice for
    `last_choice_seconds`, and after `away_after_missed` in a row (0: never) away. At most `fair_offers`
    (0: any number) go to an agent within `fair_seconds`. `reserve`: so many with a skill are kept free.
    """

    version: int = 0
    queues: Mapping[str, Queue] = {}
    tiers: Mapping[str, Tier] = {}
    policies: Mapping[str, Policy] = {}
    calendars: Mapping[str, Calendar] = {}
    fields: Mapping[str, Field] = {}
    default_queue: str = ""
    reserve: Mapping[str, int] = {}
    cool_down_seconds: float = 180
    last_choice_seconds: float = 600
    fair_offers: int = 0
    fair_seconds: float = 3600
    away_after_missed: int = 3
    close_days: float = 7
    self_served_hours: float = 24
    bot_turns: int = MOST_BOT_TURNS

    def tier_order(self, tier: str) -> int:
        """The tier's place, 0 for the best; unknown tiers come last."""
        known = self.tiers.get(tier)
        return known.order if known else len(self.tiers)

    def policy_for(self, policy: str, tier: str, priority: Priority) -> Policy | None:
        """The named policy, else the first (by id) whose tiers and priorities include these."""
        if policy in self.policies:
            return self.policies[policy]
        for candidate in sorted(self.policies.values(), key=_specific_first):
            if (not candidate.tiers or tier in candidate.tiers) and (
                not candidate.priorities or priority in candidate.priorities
            ):
                return candidate
        return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-01-31")


def _specific_first(policy: Policy) -> tuple[int, str]:
    return (-(bool(policy.tiers) + bool(policy.priorities)), policy.id)
