"""It gets better by use: labels with their exposure, proposals, gaps, and what an agent's reply teaches."""

import asyncio
from typing import Any

import pytest

from bus.envelope import Action
from knowledgebase.match import Candidate, Match
from storage import labels, phrasing_proposals
from storage.labels import Label
from storage.phrasing_proposals import Proposal
from storage.questions import exposures, unanswered
from storage.target_precision import choose
from tests.eventually import eventually
from tests.integration.office import ASKS, MONDAY, STRANGE, Office
from tests.integration.test_bot_manners import office
from workers.intake import Frozen, take_in
from workers.learning import Learner, learn

__all__ = ["office"]


async def matched(office: Office, text: str, outcome: Any, *ids: str) -> None:
    """A message of Ann's of which the match makes this."""
    envelope = office.envelope(text)
    candidates = tuple(
        Candidate(article_id=one, title=one, confidence=0.95 - place / 10, uncalibrated=0.95 - place / 10)
        for place, one in enumerate(ids)
    )
    match = Match(outcome=outcome, candidates=candidates, encoder="test")
    known = office.knowledge.articles
    await office.setup.write(
        lambda tx, setup: take_in(tx, [envelope], Frozen(setup, known, {envelope.id: match}, {}))
    )


async def learned(office: Office) -> list[Label]:
    """The labels, newest first, once the learner has looked."""
    while await office.store.write(learn):
        pass
    return await office.store.read(lambda sql: labels.since(sql, MONDAY))


async def proposals(office: Office) -> list[Proposal]:
    """All proposals, by text."""
    found = await office.store.read(lambda sql: phrasing_proposals.listed(sql, None, None, None, 100))
    return sorted(found.items, key=lambda one: one.text)


@pytest.mark.parametrize(
    ("said", "right", "how"),
    [("thanks", True, "helped"), ("no", False, "not_helped"), ("agent", False, "handover")],
)
async def test_an_answers_label_knows_its_exposure(office: Office, said: str, right: bool, how: str) -> None:
    """The question, the confidence and the encoder of the match that gave the answer."""
    await matched(office, "any news of my parcel", "answer", "art_parcel")
    await office.say(said)
    (label,) = await learned(office)
    assert (label.article_id, label.right, label.how) == ("art_parcel", right, how)
    assert (label.question, label.exposure, label.language) == ("any news of my parcel", "answer", "en")
    (conversation,) = await office.conversations()
    first = (await office.decisions(conversation))[0].made
    assert first.context.match is not None
    assert label.confidence == first.context.match.candidates[0].confidence
    assert label.encoder == first.context.match.encoder


async def test_a_chosen_suggestion_is_right_for_the_question_before_it(office: Office) -> None:
    """The button teaches what was asked, not what is written on it."""
    asked = "money for the parcel"
    await matched(office, asked, "suggest", "art_parcel", "art_refund")
    await office.say(Action(value="article:art_refund", text="How do refunds work?"))
    (label,) = await learned(office)
    assert (label.article_id, label.right, label.how) == ("art_refund", True, "chosen")
    assert (label.question, label.exposure) == (asked, "suggest")
    (proposal,) = await proposals(office)
    assert (proposal.text, proposal.article_id, proposal.state) == (asked, "art_refund", "waiting")


async def test_near_duplicates_are_refused_with_the_reason(office: Office) -> None:
    """They are noted once and not asked about."""
    for who in ("ann", "bob"):
        await office.say("Where is my  parcel??", who=who)
        await office.say("thanks", who=who)
    await learned(office)
    (proposal,) = await proposals(office)
    assert (proposal.state, proposal.reason) == (
        "refused",
        "The article has nearly the same: “Where is my parcel?”.",
    )


async def test_calibration_reads_the_last_word_on_each_question(office: Office) -> None:
    """A suggestion that was chosen and then did not help was wrong."""
    await matched(office, "money for the parcel", "suggest", "art_parcel", "art_refund")
    await office.say(Action(value="article:art_refund", text="How do refunds work?"))
    await office.say("no")
    told = await learned(office)
    assert [(one.how, one.right) for one in told] == [("not_helped", False), ("chosen", True)]
    encoder = told[0].encoder
    found = await office.store.read(lambda sql: labels.judged(sql, encoder))
    assert found == [(told[0].confidence, False)]
    assert await office.store.read(lambda sql: labels.judged(sql, "another")) == []


async def test_gaps_are_read_from_what_opened_tickets(office: Office) -> None:
    """Questions without an answer, not those where somebody asked for a person."""
    await office.say(STRANGE, who="ann")
    await office.say("more purple paint", who="ann")
    await office.say(ASKS, who="bob")
    await office.say("agent", who="bob")
    found = await office.store.read(lambda sql: unanswered(sql, MONDAY))
    assert [one.text for one in found] == [STRANGE]
    seen = await office.store.read(lambda sql: exposures(sql, MONDAY))
    assert [one.outcome for one in seen if one.confidence > 0.5] == ["answer"]
    office.clock.forward(days=40)
    assert await office.store.read(lambda sql: unanswered(sql, office.clock.now)) == []


async def test_a_drift_is_told(office: Office) -> None:
    """When the labelled answers are surely less often right than the target."""
    for number in range(25):
        await office.say(ASKS, who=f"customer {number}")
        await office.say("no", who=f"customer {number}")
    await learned(office)
    told: list[Any] = []
    learner = Learner(store=office.store, clock=office.clock, target_precision=0.9, tell=told.append)
    found = await learner.watch()
    assert (found.state, found.precision.value, found.precision.of) == ("drift", 0.0, 25)
    assert told == [found]


async def test_what_an_admin_chose_is_the_target_of_a_drift(office: Office) -> None:
    """Moments after it is stored, whoever stored it: the learner looks, it is not told."""
    for number in range(25):
        await office.say(ASKS, who=f"customer {number}")
        await office.say("no" if number % 5 == 0 else "thanks", who=f"customer {number}")
    await learned(office)
    told: list[Any] = []
    learner = Learner(store=office.store, clock=office.clock, target_precision=0.9, tell=told.append)
    watching = asyncio.create_task(learner.run())

    async def measured() -> bool:
        return bool(told)

    async def drifts() -> bool:
        return bool(told[-1].state == "drift")

    await eventually(measured)
    assert (told[-1].state, told[-1].precision.value) == ("ok", 0.8)
    await office.store.write(lambda tx: choose(tx, 0.95, "test"))
    await eventually(drifts)
    watching.cancel()
    assert [one.target for one in told] == [0.9, 0.95]


async def test_what_an_admin_chose_is_the_target_of_the_match(office: Office) -> None:
    """Of messages as of single texts, moments after it is stored."""
    text = "where is the thing"

    async def answers() -> bool:
        one, batch = await office.knowledge.match_one(text), await office.knowledge.match({"m": text})
        return {one.outcome, batch["m"].outcome} == {"answer"}

    assert not await answers()
    await office.store.write(lambda tx: choose(tx, 0.5, "test"))
    await eventually(answers)
