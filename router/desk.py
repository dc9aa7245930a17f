"""The desk as its admins have set it up: one frozen value that decisions are made with."""

from collections.abc import Mapping

import msgspec

from router.calendar import Calendar
from router.values import Policy, Priority, Queue, Tier, Value


class Field(Value, frozen=True, kw_only=True):
    """A custom field of tickets or customers. `choices` only for `type` choice."""

    id: str
    name: str
    on: str = "ticket"
    type: str = "text"
    choices: tuple[str, ...] = ()


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Queues, tiers, policies, calendars and fields by id. `version` grows with every change."""

    version: int = 0
    queues: Mapping[str, Queue] = {}
    tiers: Mapping[str, Tier] = {}
    policies: Mapping[str, Policy] = {}
    calendars: Mapping[str, Calendar] = {}
    fields: Mapping[str, Field] = {}
    default_queue: str = ""

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


def _specific_first(policy: Policy) -> tuple[int, str]:
    return (-(bool(policy.tiers) + bool(policy.priorities)), policy.id)
