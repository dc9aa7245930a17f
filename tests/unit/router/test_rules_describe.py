"""Rules as sentences, in English and Simplified Chinese."""

from typing import Any, get_args

import pytest

from router.rules.describe import describe
from router.rules.effects import Effect
from router.rules.fields import FAMILIES, FIELDS
from router.rules.form import parse
from router.rules.operators import OPERATORS
from router.rules.wording import EFFECTS
from router.rules.wording import FAMILIES as FAMILY_WORDS
from router.rules.wording import FIELDS as FIELD_WORDS
from router.rules.wording import OPERATORS as OPERATOR_WORDS

SENTENCES: list[tuple[dict[str, Any], str, str]] = [
    (
        {
            "stage": "route",
            "if": {
                "all": [
                    {"field": "text", "op": "contains_any", "value": ["refund", "退款"]},
                    {"not": {"field": "channel", "op": "is", "value": "ch_1"}},
                    {"cel": "customer.tier == 'gold'"},
                ]
            },
            "then": [
                {"set": "queue", "to": "refunds"},
                {"set": "priority", "to": "urgent"},
                {"require": {"skill": "billing", "level": 3}},
            ],
        },
        "If the text contains any of “refund”, “退款” and not (the channel is “ch_1”) and the expression "
        "“customer.tier == 'gold'” is true: set the queue to “refunds”, set the priority to urgent, "
        "require the skill “billing” at level 3 or above.",
        "如果消息文本包含“refund”、“退款”中的任意一个，并且并非（渠道是“ch_1”），"
        "并且表达式“customer.tier == 'gold'”成立："
        "将队列设为“refunds”，将优先级设为紧急，要求技能“billing”达到3级或以上。",
    ),
    (
        {
            "stage": "respond",
            "if": {
                "any": [
                    {"field": "priority", "op": "at_least", "value": "high"},
                    {
                        "all": [
                            {"field": "context.cart", "op": "greater", "value": 100},
                            {"field": "ticket.queue", "op": "not_exists"},
                        ]
                    },
                ]
            },
            "then": [{"reply": "One\nmoment."}, {"handover": True}],
        },
        "If the priority is at least high or (the context's “cart” is greater than 100 and the ticket's "
        "queue is not there): reply “One moment.”, hand over to a person.",
        "如果优先级不低于高，或者（上下文字段 “cart”大于100，并且工单队列不存在）："
        "回复“One moment.”，转人工。",
    ),
    (
        {
            "stage": "act",
            "on": False,
            "then": [{"notify": ["a", "b"]}, {"webhook": {"url": "https://x.org"}}],
        },
        "(off) Always: notify “a”, “b”, call “https://x.org”.",
        "（已停用）始终：通知“a”、“b”，调用“https://x.org”。",
    ),
    (
        {
            "stage": "act",
            "then": [{"discard": "spam {x}"}, {"tag": "t" * 100}, {"set": "fields.a", "to": True}],
        },
        "Always: discard the message (spam {x}), add the tag “" + "t" * 79 + "…”, set the field “a” to True.",
        "始终：丢弃消息（spam {x}），添加标签“" + "t" * 79 + "…”，将字段 “a”设为True。",
    ),
]


@pytest.mark.parametrize(("rule", "english", "chinese"), SENTENCES)
def test_a_rule_is_one_sentence(rule: dict[str, Any], english: str, chinese: str) -> None:
    """Whoever reads the sentence knows what the rule does."""
    (parsed,) = parse([{"id": "r1", **rule}])
    assert [describe(parsed, language) for language in ("en", "zh-CN", "fr")] == [english, chinese, english]


def test_a_long_list_is_cut() -> None:
    """Eight values are shown and the rest is hinted at."""
    condition = {"field": "text", "op": "in", "value": [str(number) for number in range(9)]}
    (parsed,) = parse([{"id": "r1", "stage": "act", "if": condition, "then": [{"tag": "x"}]}])
    shown = ", ".join(f"“{number}”" for number in range(8))
    assert describe(parsed, "en") == f"If the text is one of {shown}, …: add the tag “x”."


def test_there_are_words_for_everything_a_rule_can_say() -> None:
    """No field, operator or effect is without its words."""
    effects = {get_args(tagged)[0].key for tagged in get_args(get_args(Effect)[0])}
    assert (set(FIELDS) - set(FIELD_WORDS), set(FAMILIES) ^ set(FAMILY_WORDS)) == (set(), set())
    assert (set(OPERATORS) ^ set(OPERATOR_WORDS), effects ^ set(EFFECTS)) == (set(), set())
