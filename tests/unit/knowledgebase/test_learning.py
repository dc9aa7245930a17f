"""What use teaches: gaps, lint, phrasings worth learning, and how sure one may be of a precision."""

from datetime import UTC, datetime, timedelta

import pytest

from knowledgebase.article import Article, Variant
from knowledgebase.gaps import Asked, gaps
from knowledgebase.lint import Kept, lint
from knowledgebase.phrasing_check import objection
from knowledgebase.precision import Exposure, Judged, quality, settings, share

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SHIPPING = Article(
    id="ship",
    title="How long does shipping take?",
    answer="Three days.",
    phrasings=("when will my order arrive",),
    language="en",
)
RETURNS = Article(
    id="back",
    title="How do I return something?",
    answer="Send it back.",
    phrasings=("return my order", "退货怎么办"),
    language="en",
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("how many days until the parcel is here", None),
        ("When will my order arrive?!", "The article has nearly the same: “when will my order arrive”."),
        (
            "return the order",
            "It is nearer to “return my order” of another article, “How do I return something?”.",
        ),
        ("退货怎么办呀", "It is nearer to “退货怎么办” of another article, “How do I return something?”."),
        ("???", "It says nothing."),
    ],
)
def test_a_phrasing_must_be_new_and_nearest_to_its_article(text: str, why: str | None) -> None:
    """What is nearly there, or nearer another article, is refused with the reason."""
    assert objection(text, "ship", [SHIPPING, RETURNS]) == why


def asked(text: str, number: int, reply: str = "") -> Asked:
    """A question of some day."""
    return Asked(text=text, at=NOW + timedelta(days=number), ticket_id=f"tkt_{number}", reply=reply)


def test_questions_that_mean_the_same_are_one_gap() -> None:
    """Largest first, with examples, tickets and the reply that most agents would have given."""
    questions = [
        asked("Do you ship to Norway?", 1, "Yes, we ship to Norway in five days."),
        asked("Is shipping to Norway possible", 2, "We ship to Norway, it takes five days."),
        asked("can I get it shipped to norway please", 3, "Hello there!"),
        asked("发票可以开专票吗", 4),
        asked("能开增值税专票发票吗", 5),
        asked("My kettle whistles at night", 6),
    ]
    found = gaps(questions)
    assert [(gap.volume, gap.language) for gap in found] == [(3, "en"), (2, "zh"), (1, "en")]
    assert found[0].title == "Do you ship to Norway?"
    assert found[0].tickets == ("tkt_1", "tkt_2", "tkt_3")
    assert "five days" in found[0].answer
    assert found[1].answer == ""
    assert gaps([]) == []


def kept(article: Article, days: int = 0, votes: tuple[int, int] = (0, 0)) -> Kept:
    """An article that was changed so many days ago."""
    return Kept(article=article, changed=NOW - timedelta(days=days), votes=votes)


def test_lint_finds_what_is_wrong() -> None:
    """Confusing pairs, doubles, unhelpful, missing languages, expired, stale, bare; drafts are left alone."""
    twin = Article(
        id="twin",
        title="Delivery",
        answer="three days.",
        phrasings=("When will my order arrive?",),
        variants=(Variant(answer="三天", language="zh"),),
        language="en",
    )
    bare = Article(
        id="bare", title="Hours", answer="9-5", phrasings=(), language="en", valid_to=NOW - timedelta(days=1)
    )
    zh = Article(
        id="zh", title="退货", answer="寄回", phrasings=("退货",), language="zh", translation_of="back"
    )
    draft = Article(id="draft", title="Delivery", answer="three days.", phrasings=(), draft=True)
    found = lint(
        [kept(SHIPPING, 400), kept(RETURNS, votes=(1, 5)), kept(twin), kept(bare), kept(zh), kept(draft)], NOW
    )
    assert [(one.code, one.article_id, one.other_id) for one in found] == [
        ("confusing", "ship", "twin"),
        ("duplicate", "twin", "ship"),
        ("unhelpful", "back", ""),
        ("language_missing", "ship", ""),
        ("language_missing", "bare", ""),
        ("stale", "ship", ""),
        ("expired", "bare", ""),
        ("no_phrasings", "bare", ""),
    ]


def test_a_share_knows_how_little_it_knows() -> None:
    """Wilson's interval: wide for few, never outside 0 to 1; the figures are those of Newcombe 1998."""
    of_263 = share(81, 263)
    assert (of_263.value, of_263.low, of_263.high) == (0.308, 0.2553, 0.3662)
    assert (share(0, 20).low, share(20, 20).high, share(0, 0).value) == (0.0, 1.0, None)


def test_each_setting_tells_what_it_would_have_done() -> None:
    """Shares of the questions, and the precision of the labelled among those it would have answered."""
    exposures = [Exposure(confidence=one / 100, outcome="answer") for one in range(100)]
    judged = [Judged(confidence=0.96, right=True, answered=True)] * 9
    judged += [Judged(confidence=0.82, right=False, answered=False)] * 3
    by_target = {one.target: one for one in settings(exposures, judged, lambda target: target, 0.25)}
    assert (by_target[0.9].answered.value, by_target[0.9].suggested.value) == (0.1, 0.65)
    assert (by_target[0.9].precision.value, by_target[0.9].precision.of) == (1.0, 9)
    assert (by_target[0.8].precision.value, by_target[0.8].precision.of) == (0.75, 12)
    assert by_target[0.99].precision.value is None


@pytest.mark.parametrize(
    ("right", "wrong", "state"),
    [(18, 1, "few_labels"), (90, 10, "ok"), (70, 30, "drift"), (299, 1, "strict")],
)
def test_a_drift_is_told_from_chance(right: int, wrong: int, state: str) -> None:
    """Only when the target lies outside what so many labels allow; suggestions don't count."""
    answers = [Judged(confidence=0.95, right=True, answered=True)] * right
    answers += [Judged(confidence=0.95, right=False, answered=True)] * wrong
    suggested = [Judged(confidence=0.5, right=False, answered=False)] * 50
    assert quality([*answers, *suggested], 0.9).state == state
