"""What rules do to a decision, and what becomes of a message where there is a ticket."""

from typing import Any

import pytest
from msgspec.structs import replace

from bus.envelope import Apart, Message, Sender
from router.decision import ChangeTicket, Decision, Discard, Notify, OpenTicket, Reply
from router.values import Requirement
from tests.unit.router.deciding import (
    ANSWERED,
    WITH_BOT,
    after,
    decided,
    in_context,
    matched,
    opened,
    replies,
    with_ticket,
)
from tests.unit.router.rule_facts import TICKET


def test_a_rule_s_reply_is_sent_beside_the_answer() -> None:
    """It comes after what the bot says."""
    echo = {"then": [{"reply": "You said: {{ message.text }}"}]}
    decision = decided("parcel?", in_context(match=matched("answer", "art_1")), echo)
    assert replies(decision) == ["It is on its way.", "You said: parcel?"]


def test_a_rule_s_reply_takes_the_place_of_the_handover_notice() -> None:
    """The ticket is opened; the words are the rule's."""
    decision = decided("parcel?", in_context(), {"then": [{"reply": "We are on it."}]})
    assert opened(decision) is not None
    assert [effect for effect in decision.effects if isinstance(effect, Reply)] == [
        Reply(text="We are on it.", author="system", reason="rule")
    ]


@pytest.mark.parametrize(
    ("effect", "why"),
    [
        ({"handover": True}, "opens a ticket: a rule asks for a person"),
        ({"skip_bot": True}, "opens a ticket: a rule skips the bot"),
    ],
)
def test_a_rule_can_hand_over_at_once(effect: dict[str, Any], why: str) -> None:
    """However sure the match is."""
    rule = {"stage": "respond", "then": [effect]}
    assert decided("parcel?", in_context(match=matched("answer", "art_1")), rule).why == why


def test_a_rule_can_answer_with_an_article() -> None:
    """The article it names is sent as the bot's answer."""
    rule = {"stage": "respond", "then": [{"answer": "art_2"}]}
    decision = decided("parcel?", in_context(match=matched("answer", "art_1")), rule)
    assert (replies(decision), after(decision).answered) == (["Within 14 days."], ("art_2",))


def test_a_rule_s_answer_is_not_given_twice_either() -> None:
    """The second time a person takes over."""
    rule = {"stage": "respond", "then": [{"answer": "art_1"}]}
    decision = decided("parcel?", in_context(ANSWERED), rule)
    assert decision.why == "opens a ticket: the same answer was given before"


@pytest.mark.parametrize("text", ["agent", "转人工"])
def test_a_rule_s_answer_does_not_stand_between_the_customer_and_a_person(text: str) -> None:
    """Whoever asks for a person gets one."""
    rule = {"stage": "respond", "then": [{"answer": "art_2"}]}
    assert decided(text, in_context(), rule).why == "opens a ticket: the customer asks for a person"


def test_a_rule_that_names_a_missing_article_leaves_it_to_the_bot() -> None:
    """A withdrawn article is as if the rule had not been."""
    rule = {"stage": "respond", "then": [{"answer": "art_9"}]}
    assert replies(decided("?", in_context(match=matched("answer", "art_1")), rule)) == ["It is on its way."]


def test_what_rules_set_is_the_ticket_s() -> None:
    """Queue, priority, tier, type, policy, tags, fields and skills."""
    decision = decided(
        "refund",
        in_context(),
        {
            "stage": "route",
            "then": [
                {"set": "queue", "to": "refunds"},
                {"set": "priority", "to": "urgent"},
                {"set": "tier", "to": "silver"},
                {"set": "type", "to": "refund"},
                {"set": "fields.order", "to": "A-17"},
                {"tag": "money"},
                {"require": {"skill": "billing", "level": 3}},
            ],
        },
        {"stage": "sla", "then": [{"policy": "fast"}]},
        {"stage": "act", "then": [{"notify": "leads"}]},
    )
    assert decision.effects[0] == OpenTicket(
        queue="refunds",
        subject="refund",
        why="the knowledge base has no answer",
        priority="urgent",
        tier="silver",
        type="refund",
        language="en",
        tags=("money",),
        fields={"order": "A-17"},
        skills=(Requirement(skill="billing", level=3),),
        policy="fast",
    )
    assert decision.effects[2] == Notify(to="leads")
    assert [hit.rule_id for hit in decision.hits] == ["r1", "r2", "r3"]
    assert decision.rules_version == 7


def test_a_discarded_message_has_no_consequence() -> None:
    """The reason is kept with it."""
    before = in_context(match=matched("answer", "art_1"))
    decision = decided("spam", before, {"then": [{"discard": "spam"}, {"notify": "leads"}]})
    assert decision.effects == (Discard(reason="spam"),)
    assert decision.why == "discarded: spam"


def test_an_automatic_message_has_no_consequence() -> None:
    """No rule, no answer, no ticket: nothing that could start a loop of two machines."""
    event = Message(text="Out of office", automatic=True)
    decision = decided(event, in_context(match=matched("answer", "art_1")), {"then": [{"reply": "Hello"}]})
    assert decision == Decision(effects=(), why="automatic message: kept, not answered")


def test_an_answer_to_what_was_passed_on_only_brings_the_ticket_back() -> None:
    """Rules and bot speak with customers: a supplier's words are none of theirs."""
    apart = Apart(channel_id="ch_2", channel_kind="email", sender=Sender(address="s@x"), thread="")
    rules = {"then": [{"reply": "Hello"}, {"set": "priority", "to": "urgent"}]}
    decision = decided(Message(text="For 20 euros", apart=apart), in_context(), rules)
    why = "an answer to what was passed on: kept as a note"
    assert decision == Decision(effects=(ChangeTicket(aside=True),), why=why)


@pytest.mark.parametrize("status", ["queued", "offered", "open", "waiting"])
def test_a_message_joins_the_ticket_that_is_being_worked_on(status: Any) -> None:
    """Nothing is said to the customer and nothing else changes."""
    decision = decided("and my shoes?", with_ticket(replace(TICKET, status=status)))
    assert (decision.effects, decision.why) == ((ChangeTicket(),), "joins ticket #42")


def test_a_message_reopens_a_resolved_ticket() -> None:
    """Until it closes, the same ticket goes on."""
    decision = decided("not solved", with_ticket(replace(TICKET, status="resolved")))
    assert (decision.effects, decision.why) == ((ChangeTicket(),), "reopens ticket #42")


def test_rules_add_to_a_ticket_that_is_there_and_do_not_send_it_elsewhere() -> None:
    """Priority, type, tags and fields go to it; queue and policy are left as they were. Replies are sent."""
    decision = decided(
        "urgent!",
        with_ticket(TICKET),
        {
            "stage": "enrich",
            "then": [
                {"set": "priority", "to": "urgent"},
                {"set": "queue", "to": "refunds"},
                {"set": "fields.order", "to": "B-2"},
                {"tag": "angry"},
            ],
        },
        {"then": [{"reply": "We hear you."}]},
    )
    assert decision.effects == (
        ChangeTicket(priority="urgent", tags=("angry",), fields={"order": "B-2"}),
        Reply(text="We hear you.", author="system", reason="rule"),
    )


def test_after_a_closed_ticket_the_bot_begins_anew() -> None:
    """A new conversation, linked to the ticket before, is the bot's again."""
    linked = replace(WITH_BOT, previous_ticket_id="tkt_0")
    decision = decided("Where is my parcel?", in_context(linked, matched("answer", "art_1")))
    assert replies(decision) == ["It is on its way."]
    assert after(decision).previous_ticket_id == "tkt_0"
