"""The bot's manners: variants, what it learns, what agents and customers are told, reaching a person."""

import pytest
from msgspec.structs import replace

from knowledgebase.article import Variant
from router.decision import Known, Note, OpenTicket, Reply
from router.values import Conversation
from tests.unit.router.deciding import (
    ANSWERED,
    HANDOVER,
    HANDOVER_ZH,
    OFFERED,
    WITH_BOT,
    after,
    decided,
    in_context,
    learned,
    matched,
    replies,
)
from tests.unit.router.rule_facts import CUSTOMER

VAT = Known(
    id="art_1",
    title="VAT申报",
    answer="标准步骤",
    language="zh",
    variants=(
        Variant(answer="德国 19%", when={"country": ("DE",)}),
        Variant(answer="Steps", title="VAT returns", language="en"),
    ),
)


@pytest.mark.parametrize(
    ("country", "said", "answer"),
    [
        ("FR", "VAT申报怎么做", "标准步骤"),
        ("de", "VAT申报怎么做", "德国 19%"),
        ("FR", "how do I file VAT", "Steps"),
        # The right rates in another language serve better than others in theirs.
        ("DE", "how do I file VAT", "德国 19%"),
    ],
)
def test_the_answer_is_the_variant_for_this_customer(country: str, said: str, answer: str) -> None:
    """Their country's, in their language where there is one."""
    asks = replace(WITH_BOT, language="")
    before = in_context(
        asks,
        matched("answer", "art_1"),
        articles={"art_1": VAT},
        customer=replace(CUSTOMER, country=country, language=""),
    )
    assert replies(decided(said, before)) == [answer]


def test_questions_are_offered_and_chosen_in_the_customers_language() -> None:
    """The label is the variant's title, and writing it out chooses it."""
    before = in_context(match=matched("suggest", "art_1"), articles={"art_1": VAT})
    decision = decided("file taxes please", before)
    (question,) = [one for one in decision.effects if isinstance(one, Reply)]
    assert question.options[0].label == "VAT returns"
    chosen = decided("vat returns", replace(before, conversation=after(decision)))
    assert replies(chosen) == ["Steps"]
    assert learned(chosen) == [("art_1", True, "chosen")]


@pytest.mark.parametrize(
    ("conversation", "said", "what"),
    [
        (ANSWERED, "no", [("art_1", False, "not_helped")]),
        (ANSWERED, "agent", [("art_1", False, "handover")]),
        (OFFERED, "agent", [("art_1", False, "none_of_these")]),
        (WITH_BOT, "agent", []),
    ],
)
def test_a_hand_over_says_what_was_wrong(
    conversation: Conversation, said: str, what: list[tuple[str, bool, str]]
) -> None:
    """An answer before it was wrong; of questions none was meant; without either nothing is learned."""
    assert learned(decided(said, in_context(conversation))) == what


def test_a_rules_hand_over_blames_no_answer() -> None:
    """It is the rule that wanted a person."""
    rule = {"id": "r", "stage": "respond", "then": [{"handover": True}]}
    assert learned(decided("my lawyer will write", in_context(ANSWERED), rule)) == []


def test_the_agent_is_told_what_was_tried() -> None:
    """A note with the answers given, the questions offered and the reason; none where nothing was tried."""
    tried = replace(OFFERED, answered=("art_3",), bot_turns=2)
    notes = [one.text for one in decided("agent", in_context(tried)).effects if isinstance(one, Note)]
    assert notes == [
        "The bot has tried:\n- answered with “怎么开发票?”"
        "\n- asked whether it is about “Where is my parcel?”, “How do refunds work?”"
        "\n- handed over because the customer asks for a person"
    ]
    chinese = decided("人工", in_context(replace(ANSWERED, language="zh")))
    assert [one.text for one in chinese.effects if isinstance(one, Note)] == [
        "机器人已尝试：\n- 回答了 “Where is my parcel?”\n- 转人工原因：客户要求人工"
    ]
    assert [one for one in decided("agent").effects if isinstance(one, Note)] == []


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [
        ("en", 20, "within about 1 minute."),
        ("en", 301, "within about 10 minutes."),
        ("en", 5400, "within about 2 hours."),
        ("zh", 240, "约 4 分钟内回复。"),
        ("zh", 3600, "约 1 小时内回复。"),
    ],
)
def test_the_customer_is_told_how_long_it_usually_takes(language: str, seconds: int, said: str) -> None:
    """Rounded up, or reckoned by who is there; nothing is promised where nothing is known."""
    asks = replace(WITH_BOT, language=language)
    text = "人工" if language == "zh" else "agent"
    (told,) = replies(decided(text, in_context(asks, waits={"general": seconds})))
    assert told.endswith(said)
    (reckoned,) = replies(decided(text, in_context(asks, waits={"": seconds}, waiting={})))
    assert reckoned.endswith(said)
    (silent,) = replies(decided(text, in_context(asks, waits={"refunds": seconds})))
    assert silent == (HANDOVER_ZH if language == "zh" else HANDOVER)


def test_the_bot_speaks_once_to_what_was_written_in_one_go() -> None:
    """Before the last message it answers only what it is sure of; the longest names the subject."""
    hello = decided("hello", in_context(followed=True))
    assert (hello.why, replies(hello)) == ("a newer message follows: the bot speaks to both", [])
    sure = decided("Where is my parcel?", in_context(match=matched("answer", "art_1"), followed=True))
    assert replies(sure) == ["It is on its way."]
    begun = replace(WITH_BOT, subject="Where is my parcel?")
    last = decided("hurry!", in_context(begun, follows=True))
    assert [one.subject for one in last.effects if isinstance(one, OpenTicket)] == ["Where is my parcel?"]


@pytest.mark.parametrize(
    "text",
    [
        *[
            "I'd like to speak with a real person, please!",
            "can you transfer me to an agent",
            "HUMAN",
            "agent pls",
        ],
        *["Could I talk to somebody?", "live chat", "let me talk to a human now", "Get me a representative."],
        *[
            "转人工！",
            "请帮我转接人工客服，谢谢",
            "我要找真人客服",
            "能不能转人工",
            "人工人工",
            "麻烦转一下人工",
        ],
        *["A seam is open. I want to talk to a person.", "It leaks, please connect me to an agent, thanks"],
        *["帐篷漏水了，请转人工", "退款一直没到。我要找真人客服！"],
    ],
)
def test_a_person_is_always_reached(text: str) -> None:
    """However it is put, asking for a person goes before any answer, also in a clause of a longer message."""
    sure = in_context(ANSWERED, matched("answer", "art_2"))
    assert decided(text, sure).why == "opens a ticket: the customer asks for a person"


@pytest.mark.parametrize(
    "text",
    [
        "no agent came",
        "is this a real person",
        "someone stole my parcel",
        "人工智能客服是什么",
        "转账失败",
        "客服态度差",
        *[
            "I sell wigs: human, synthetic.",
            "Agent, tent or tarp?",
            "Which is better, customer service or price?",
        ],
        "客服，退款什么时候到？",
    ],
)
def test_speaking_of_a_person_is_not_asking_for_one(text: str) -> None:
    """One word more, and it is a question."""
    sure = in_context(match=matched("answer", "art_2"))
    assert replies(decided(text, sure)) == ["Within 14 days."]
