"""What the customer chose, and words that must not be misread."""

import pytest
from msgspec.structs import replace

from bus.envelope import Action
from knowledgebase.match import NO_MATCH
from router.decision import ChangeConversation, Learned, Reply
from tests.unit.router.deciding import (
    ANSWERED,
    HANDOVER_ZH,
    OFFERED,
    WITH_BOT,
    after,
    decided,
    in_context,
    matched,
    opened,
    replies,
)
from tests.unit.router.rule_facts import CUSTOMER


@pytest.mark.parametrize(
    "said",
    [
        Action(value="article:art_2", text="How do refunds work?"),
        "2",
        "2.",
        " 2) ",
        "\uff12",
        "How do refunds work?",
        "how do refunds work",
    ],
)
def test_a_choice_is_a_button_a_number_or_the_option_s_words(said: str | Action) -> None:
    """All of them get the article that was chosen, without another look at the match."""
    decision = decided(said, in_context(OFFERED, NO_MATCH))
    assert replies(decision) == ["Within 14 days."]
    assert after(decision) == replace(OFFERED, answered=("art_2",), offered=(), bot_turns=2)
    assert decision.why == "the customer chose 'How do refunds work?'"


def test_an_old_button_still_gives_its_article() -> None:
    """A button of an earlier message is good although something else was offered since."""
    decision = decided(Action(value="article:art_2", text="How do refunds work?"), in_context(ANSWERED))
    assert replies(decision) == ["Within 14 days."]


def test_a_button_pressed_twice_gives_its_article_twice() -> None:
    """A double press is no case for a person, and the conversation does not grow with it."""
    decision = decided(Action(value="article:art_1"), in_context(ANSWERED))
    assert replies(decision) == ["It is on its way."]
    assert after(decision).answered == ("art_1",)


@pytest.mark.parametrize("said", ["3", Action(value="person", text="None of these, a person please")])
def test_the_last_option_is_a_person(said: str | Action) -> None:
    """Its number and its button hand over."""
    decision = decided(said, in_context(OFFERED, matched("answer", "art_1")))
    assert decision.why == "opens a ticket: the customer asks for a person"
    assert after(decision) == replace(OFFERED, with_="person", offered=())


@pytest.mark.parametrize("said", ["0", "4", "22", "2 parcels", "²"])
def test_a_number_that_was_not_offered_is_an_ordinary_message(said: str) -> None:
    """It goes to the knowledge base like any other text."""
    decision = decided(said, in_context(OFFERED, matched("answer", "art_1")))
    assert decision.why == "answers with 'Where is my parcel?', confidence 0.95"


def test_a_number_means_nothing_where_nothing_was_offered() -> None:
    """Without options on the table "1" is a text."""
    assert decided("1").why == "opens a ticket: the knowledge base has no answer"


@pytest.mark.parametrize(
    "text",
    [
        "agent",
        "Talk to a human!",
        "Can I speak to a person, please?",
        "please human",
        "None of these, a person please",
        "人工",
        "转人工\uff01",
        "请转人工\uff0c谢谢",
        "我要人工客服。",
        "都不是,转人工",
    ],
)
def test_asking_for_a_person_gets_one(text: str) -> None:
    """In English or Chinese, also where the match is sure."""
    decision = decided(text, in_context(match=matched("answer", "art_1")))
    assert decision.why == "opens a ticket: the customer asks for a person"


@pytest.mark.parametrize("text", ["no agent called me back", "人工智能是什么?", "human hair wig"])
def test_a_message_that_only_mentions_a_person_is_no_command(text: str) -> None:
    """Whole messages count, not words in them."""
    assert replies(decided(text, in_context(match=matched("answer", "art_1")))) == ["It is on its way."]


@pytest.mark.parametrize(
    "said", ["Thanks!", "That helped", "yes", "1", "1.", Action(value="helped", text="That helped")]
)
def test_thanks_after_an_answer_ends_it_as_self_served(said: str | Action) -> None:
    """The conversation closes with a word of thanks and no ticket."""
    decision = decided(said, in_context(ANSWERED, matched("answer", "art_2")))
    assert decision.effects == (
        Reply(text="Glad that helped. Write again any time.", reason="thanks"),
        Learned(article_id="art_1", right=True, how="helped"),
        ChangeConversation(conversation=replace(ANSWERED, with_="closed", outcome="self_served")),
    )


def test_thanks_in_chinese_are_answered_in_chinese() -> None:
    """Also in a conversation that was English so far."""
    decision = decided("谢谢", in_context(ANSWERED, matched("answer", "art_2")))
    assert replies(decision) == ["很高兴能帮到您，有问题随时再联系我们。"]
    assert after(decision).outcome == "self_served"


def test_the_helped_button_opens_no_ticket_although_its_conversation_is_over() -> None:
    """Pressed again, or after the silence that closed it, the button means what it says."""
    decision = decided(Action(value="helped", text="That helped"), in_context(WITH_BOT))
    assert opened(decision) is None
    assert after(decision).with_ == "closed"


def test_thanks_with_nothing_answered_is_an_ordinary_message() -> None:
    """There is nothing that could have helped."""
    assert decided("Thanks!").why == "opens a ticket: the knowledge base has no answer"


@pytest.mark.parametrize("text", ["2", "Talk to a person"])
def test_the_second_line_under_an_answer_is_a_person(text: str) -> None:
    """Where the customer sees numbered lines, the number is the button."""
    decision = decided(text, in_context(ANSWERED, matched("answer", "art_2")))
    assert decision.why == "opens a ticket: the customer asks for a person"


@pytest.mark.parametrize("text", ["No", "That didn’t help.", "没用", "还是不行"])
def test_an_answer_that_did_not_help_hands_over(text: str) -> None:
    """The customer is not sent round in circles."""
    decision = decided(text, in_context(ANSWERED, matched("answer", "art_2")))
    assert decision.why == "opens a ticket: the customer says it did not help"


def test_who_changes_language_is_answered_in_the_new_one() -> None:
    """A Chinese sentence in an English conversation turns it Chinese, and four English words turn it back."""
    assert after(decided("我的包裹在哪里")).language == "zh"
    chinese = in_context(replace(WITH_BOT, language="zh"))
    assert after(decided("where is my parcel now", chinese)).language == "en"


@pytest.mark.parametrize("text", ["OK", "HP20261108", "VIP order"])
def test_a_word_or_a_number_is_no_change_of_language(text: str) -> None:
    """What the bot says to a Chinese customer stays Chinese."""
    assert after(decided(text, in_context(replace(WITH_BOT, language="zh")))).language == "zh"


def test_thanks_after_a_closed_ticket_open_no_new_one() -> None:
    """They are for what was done."""
    before = in_context(replace(WITH_BOT, previous_ticket_id="tkt_1"))
    decision = decided("thank you", before)
    assert opened(decision) is None
    assert after(decision).with_ == "closed"


def test_a_chinese_message_is_answered_in_chinese() -> None:
    """The language is told by the script where nobody set it, and kept with conversation and ticket."""
    nobody = replace(CUSTOMER, language="")
    decision = decided("我的包裹坏了", in_context(replace(WITH_BOT, language=""), customer=nobody))
    ticket = opened(decision)
    assert ticket is not None
    assert (replies(decision), ticket.language, after(decision).language) == ([HANDOVER_ZH], "zh", "zh")
