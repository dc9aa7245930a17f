"""In which order waiting tickets are offered, which agent comes first, and how both are put into words."""

from router.assignment_events import TicketWaits

SECOND = 1_000_000
_MOST_HANDLINGS = 3

Key = tuple[int, int, int, int, str]
"""A ticket among those an agent may take; the least is first."""
Standing = tuple[bool, int, float, int, str]
"""An agent among those who may take a ticket: missed lately, scarcity tied up, load, idle since, id."""


def urgent_within(target: int, handling: int) -> int:
    """How much of a promise may be left for its ticket to be urgent.

    Half of it; but no less than the mean handling time, because a short promise can't wait for its half when
    that is over before anybody finishes, and no more than three: tickets with hours left need not go before
    others of a better tier. (Simulated: with half alone the best tier waits up to a fifth longer at 97 % load
    and loses more promises in an overload, while the others keep none more.)
    """
    return min(max(target // 2, handling), _MOST_HANDLINGS * handling)


def urgency_key(
    *, due: int, target: int, handling: int, now: int, wait: int, tier: int, rarity: int, ticket: str
) -> Key:
    """Where a ticket stands among those an agent may take.

    `due` is when its promise ends, renewed every `target` once broken; `wait` how long until one of those
    who can take it is likely free; `rarity` how many agents have its rarest skill. Urgent is what would have
    too little left after that wait (`urgent_within`): by tier. The rest is calm: by rarest skill, then tier.
    """
    if due - wait - now <= urgent_within(target, handling):
        return (0, tier, 0, due, ticket)
    return (1, rarity, tier, due, ticket)


def why_ticket(spec: TicketWaits, promise_at: int, key: Key, now: int) -> str:
    """Its band and its promise."""
    left = (key[3] - now) // SECOND
    promise = f"promise due in {left} s"
    if promise_at < now:
        promise = f"promise missed, renewed to end in {left} s"
    if key[0] == 0:
        return f"urgent, {promise}, tier {spec.tier}"
    if not spec.skills:
        return f"calm, {promise}, no skill needed"
    return f"calm, {promise}, agents online with its rarest skill: {key[1]}"


def why_before(key: Key, other: Key) -> str:
    """What sets it before the next ticket that the agent could have had."""
    reasons = (
        "that is calm",
        "better tier" if key[0] == 0 else "rarer skill",
        "better tier",
        f"due {(other[3] - key[3]) / SECOND:.0f} s sooner",
        "first by id",
    )
    decided = next(index for index in range(len(reasons)) if key[index] != other[index])
    return f"before ticket {other[-1]}: {reasons[decided]}"


def why_agent(ranked: list[Standing]) -> str:
    """What sets the agent before the next one."""
    if len(ranked) == 1:
        return "the only agent free to take it"
    best, other = ranked[:2]
    reasons = (
        f"{other[-1]} missed an offer lately",
        "ties up less scarce skill",
        f"less busy ({best[2]:.0%} against {other[2]:.0%})",
        "idle longer",
        "first by id",
    )
    decided = next(index for index in range(len(reasons)) if best[index] != other[index])
    return f"chosen over {other[-1]}: {reasons[decided]}"
