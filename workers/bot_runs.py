"""One run of the bot for what a customer wrote in one go: their last message is answered for all of them.

What arrived while the bot was at work on an earlier message is one batch. Of a customer's messages in it,
each is stored and each meets the rules; those before the last are answered only where the knowledge base is
sure of them, and the last one is matched together with those that were not.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from bus.envelope import Inbound, Message
from knowledgebase.match import Match

_RANK = {"none": 0, "suggest": 1, "answer": 2}
_Place = tuple[str, str, str]


class Runs(NamedTuple):
    """Ids of messages that their customer followed by another in the same conversation, and of the others."""

    followed: frozenset[str]
    following: frozenset[str]


_ALONE = Runs(frozenset(), frozenset())


def runs(envelopes: Collection[Inbound]) -> Runs:
    """Which messages of a batch belong together."""
    if len(envelopes) < 2:
        return _ALONE
    last: dict[_Place, str] = {}
    pairs: list[tuple[str, str]] = []
    for envelope in envelopes:
        if isinstance(envelope.event, Message) and not envelope.event.automatic:
            place = (envelope.channel_id, envelope.sender.address, envelope.thread)
            before = last.get(place)
            if before is not None:
                pairs.append((before, envelope.id))
            last[place] = envelope.id
    if not pairs:
        return _ALONE
    return Runs(frozenset(before for before, _ in pairs), frozenset(after for _, after in pairs))


def said_together(envelopes: Sequence[Inbound], matches: Mapping[str, Match]) -> dict[str, str]:
    """Id of a customer's last message -> all that they wrote and that nobody is sure of, in one text."""
    if len(envelopes) < 2:
        return {}
    texts: dict[_Place, list[tuple[str, str]]] = {}
    for envelope in envelopes:
        match = matches.get(envelope.id)
        if isinstance(envelope.event, Message) and not envelope.event.automatic and match is not None:
            said = texts.setdefault((envelope.channel_id, envelope.sender.address, envelope.thread), [])
            if match.outcome != "answer":
                said.append((envelope.id, envelope.event.text))
            else:
                said.clear()
    return {said[-1][0]: "\n".join(text for _, text in said) for said in texts.values() if len(said) > 1}


def surer(one: Match, other: Match) -> Match:
    """The one that may do more, or that is surer of its first candidate."""
    return max(other, one, key=_sureness)


def _sureness(match: Match) -> tuple[int, float]:
    return _RANK[match.outcome], match.candidates[0].confidence if match.candidates else 0.0
