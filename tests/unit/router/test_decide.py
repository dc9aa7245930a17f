"""What the bot makes of a message: an answer, a question back, or a ticket."""

import pytest
from msgspec.structs import replace

from bus.envelope import Message, Option
from router.decision import ChangeConversation, OpenTicket, Reply
from router.values import MOST_BOT_TURNS
from tests.unit.router.deciding import (
    ANSWERED,
    HANDOVER,
    OFFERED,
    REFUND,
    WITH_BOT,
    after,
    decided,
    in_context,
    matched,
    opened,
    replies,
)


def test_a_sure_match_is_answered_by_the_bot() -> None:
    """The article's text is sent with two buttons, and the conversation remembers that it was."""
    decision = decided("Where is my parcel?", in_context(match=matched("answer", "art_1", "art_2")))
    assert decision.effects == (
        Reply(
            text="It is on its way.",
            author="bot",
            reason="answer",
            article_id="art_1",
            options=(
                Option(value="helped", label="That helped"),
                Option(value="person", label="Talk to a person"),
            ),
            asks="Did this help?",
        ),
        ChangeConversation(
            conversation=replace(WITH_BOT, subject="Where is my parcel?", answered=("art_1",), bot_turns=1)
        ),
    )
    assert decision.why == "answers with 'Where is my parcel?', confidence 0.95"


def test_an_answer_comes_with_buttons_in_its_own_language() -> None:
    """A Chinese article has Chinese buttons, whatever the conversation is in."""
    decision = decided("发票", in_context(match=matched("answer", "art_3")))
    reply = decision.effects[0]
    assert isinstance(reply, Reply)
    assert [option.label for option in reply.options] == ["有帮助", "转人工"]


def test_an_answer_whose_article_is_gone_is_not_replaced_by_the_next_best() -> None:
    """The match was sure of an article withdrawn since; what it was less sure of is no answer."""
    before = in_context(match=matched("answer", "art_1", "art_2"), articles={"art_2": REFUND})
    decision = decided("Where is my parcel?", before)
    assert decision.why == "opens a ticket: the knowledge base has no answer"


def test_an_unsure_match_asks_which_was_meant() -> None:
    """The candidates are options, the last one is a person, and their order is remembered."""
    decision = decided("money parcel", in_context(match=matched("suggest", "art_1", "art_2")))
    assert decision.effects == (
        Reply(
            text="I may have an answer. Which of these is it about?",
            reason="suggest",
            author="bot",
            options=(
                Option(value="article:art_1", label="Where is my parcel?"),
                Option(value="article:art_2", label="How do refunds work?"),
                Option(value="person", label="None of these, a person please"),
            ),
        ),
        ChangeConversation(conversation=replace(OFFERED, subject="money parcel")),
    )
    assert decision.why == "asks which was meant: 'Where is my parcel?', 'How do refunds work?'"


def test_a_suggestion_leaves_out_what_was_answered_already() -> None:
    """Only articles that the customer has not been given are offered."""
    decision = decided("money parcel", in_context(ANSWERED, matched("suggest", "art_1", "art_2")))
    assert after(decision).offered == ("article:art_2", "person")


def test_with_nothing_left_to_suggest_a_person_takes_over() -> None:
    """All candidates were given before."""
    decision = decided("parcel again", in_context(ANSWERED, matched("suggest", "art_1")))
    assert decision.why == "opens a ticket: nothing left to suggest"


def test_the_same_answer_is_never_given_twice() -> None:
    """A sure match on an article that was given already is a case for a person."""
    decision = decided("Where is my parcel?", in_context(ANSWERED, matched("answer", "art_1", "art_2")))
    assert decision.why == "opens a ticket: the same answer was given before"
    assert replies(decision) == [HANDOVER]


def test_no_match_opens_a_ticket_and_says_so() -> None:
    """The ticket waits in the default queue; the notice leaves room for its number."""
    decision = decided("My  parcel\nexploded", in_context())
    assert decision.effects == (
        OpenTicket(
            queue="general",
            subject="My parcel exploded",
            why="the knowledge base has no answer",
            tier="gold",
            language="en",
        ),
        Reply(text=HANDOVER, author="system", reason="handover"),
        ChangeConversation(conversation=replace(WITH_BOT, subject="My parcel exploded", with_="person")),
    )


def test_asking_for_a_person_after_an_answer_is_about_what_was_asked() -> None:
    """The ticket's subject is the customer's question, not the words that called for a person."""
    asked = after(decided("Where is my parcel?", in_context(match=matched("answer", "art_1"))))
    ticket = opened(decided("talk to a person", in_context(asked)))
    assert ticket is not None
    assert ticket.subject == "Where is my parcel?"


def test_a_mail_that_asks_for_a_person_keeps_its_subject() -> None:
    """What it is about stands there, although the mail says nothing else."""
    ticket = opened(decided(Message(text="Talk to a person, please.", subject="Torn sail")))
    assert ticket is not None
    assert ticket.subject == "Torn sail"


def test_a_mail_s_subject_is_the_ticket_s() -> None:
    """Where the message has a subject of its own it is taken, cut to 120 characters."""
    decision = decided(Message(text="See below.", subject="S" * 200))
    ticket = opened(decision)
    assert ticket is not None
    assert ticket.subject == "S" * 120


@pytest.mark.parametrize("turns", [MOST_BOT_TURNS, MOST_BOT_TURNS + 1])
def test_after_so_many_turns_a_person_takes_over(turns: int) -> None:
    """The bot does not go on for ever, even with a sure match."""
    tired = replace(WITH_BOT, bot_turns=turns)
    decision = decided("Where is my parcel?", in_context(tired, matched("answer", "art_1")))
    assert decision.why == "opens a ticket: the bot has had its turns"
    lively = replace(WITH_BOT, bot_turns=MOST_BOT_TURNS - 1)
    again = decided("Where is my parcel?", in_context(lively, matched("answer", "art_1")))
    assert replies(again) == ["It is on its way."]
