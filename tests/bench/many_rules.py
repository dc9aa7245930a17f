"""Thousands of rules, with every way to look at a message among them: one in ten is an expression in CEL."""

from random import Random
from typing import Any

_SYLLABLES = "ba de fi go ku la me ni po ru sa te vi wo zu cha she tri plo gra".split()
_HAN = "帆布拉绳背带水袋炉头锅具灯芯电池皮带鞋底袖口帽檐衬里扣件铝杆桩钉网纱胶条滑轮"
_QUEUES = ("orders", "refunds", "billing", "technical", "vip")


def many_rules(count: int) -> list[dict[str, Any]]:
    """`count` rules, the same each time."""
    random = Random(count)
    return [_rule(random, number) for number in range(count)]


def _rule(random: Random, number: int) -> dict[str, Any]:
    stage = ("enrich", "route", "route", "sla", "enrich")[number % 5]
    then: list[dict[str, Any]] = {
        "enrich": [{"tag": f"t{number}"}],
        "route": [{"set": "queue", "to": random.choice(_QUEUES)}],
        "sla": [{"policy": "silver"}],
    }[stage]
    condition = _expression(random, number) if number % 10 == 7 else _condition(random, number)
    return {"id": f"many-{number}", "stage": stage, "if": condition, "then": then}


def _expression(random: Random, number: int) -> dict[str, Any]:
    word = _word(random)
    expressions = (
        f"customer.tier == 'tier{number}' && size(text) > {number % 300}",
        f"customer.attributes.orders > {500 + number}",
        f"text.contains('{word}') && priority != 'low'",
        f"'{word}' in customer.tags || ticket.fields.sku == '{word}'",
        f"match != null && match.confidence < 0.{number % 100:02}",
    )
    expression = {"cel": expressions[number // 10 % len(expressions)]}
    if number // 10 % 2:
        return expression
    return {"all": [expression, {"field": "text", "op": "contains", "value": word}]}


def _condition(random: Random, number: int) -> dict[str, Any]:
    match number % 20:
        case 1:
            return {"field": "text", "op": "matches", "value": rf"{_word(random)}\s*#?\d{{4,}}"}
        case 2:
            return {"field": "sender.domain", "op": "is", "value": f"{_word(random)}.example"}
        case 3:
            return {"field": "context.page", "op": "contains", "value": f"/{_word(random)}"}
        case 4:
            order = {"field": "customer.attributes.orders", "op": "at_least", "value": 1_000 + number}
            return {"all": [order, {"field": "customer.country", "op": "in", "value": ["NZ", _word(random)]}]}
        case 5 | 6 | 8:
            both = [_word(random), _word(random)]
            return {"field": "text", "op": "contains_all", "value": both}
        case _:
            words = [_word(random), f"{_word(random)} {_word(random)}", _han(random), _han(random)]
            return {"field": "text", "op": "contains_any", "value": words}


def _word(random: Random) -> str:
    return "".join(random.choice(_SYLLABLES) for _ in range(random.randint(2, 4)))


def _han(random: Random) -> str:
    return "".join(random.sample(_HAN, random.randint(2, 3)))
