"""Rules like those of a real desk, as many as wanted: the demo's, then what a shop's product lines add."""

from itertools import product
from typing import Any

from gateway.demo import content

_LINES = (
    "tent", "stove", "jacket", "rope", "sleeping bag", "head torch", "backpack", "boot", "harness", "flysheet",
    "帐篷", "炉头", "冲锋衣", "睡袋", "头灯", "背包", "登山鞋", "雨衣", "水壶", "手杖",
)  # fmt: skip
_ISSUES = (
    ("pole", "repair", "technical"), ("zip", "repair", "technical"), ("seam", "repair", "technical"),
    ("colour", "", "orders"), ("size chart", "", "orders"), ("spare part", "", "technical"),
    ("discount", "", "orders"), ("recall", "complaint", "vip"), ("rental", "", "orders"),
    ("wholesale", "invoice", "billing"), ("battery", "repair", "technical"), ("voucher", "refund", "refunds"),
    ("尺码", "", "orders"), ("破损", "repair", "technical"), ("缺货", "", "orders"), ("色差", "refund", "refunds"),
    ("配件", "", "technical"), ("过期", "complaint", "refunds"), ("保养", "", "technical"), ("团购", "invoice", "billing"),
    ("strap", "repair", "technical"), ("buckle", "repair", "technical"), ("waterproofing", "", "technical"),
    ("lining", "repair", "technical"), ("label", "", "orders"), ("smell", "complaint", "refunds"),
    ("catalogue", "", "orders"), ("sample", "", "orders"), ("pattern", "", "orders"), ("glue", "", "technical"),
    ("缝线", "repair", "technical"), ("拉链", "repair", "technical"), ("气味", "complaint", "refunds"),
    ("赠品", "", "orders"), ("改地址", "", "orders"), ("加急", "", "orders"), ("样品", "", "orders"),
    ("包装", "", "orders"), ("标签", "", "orders"), ("定制", "", "billing"), ("租赁", "", "orders"),
    ("以旧换新", "", "refunds"), ("会员", "", "vip"), ("积分", "", "vip"), ("门店", "", "orders"),
    ("courses", "", "orders"), ("guide", "", "orders"), ("insurance", "", "billing"), ("licence", "", "billing"),
    ("兼容", "", "technical"),
)  # fmt: skip


def rules(count: int) -> list[dict[str, Any]]:
    """A rule document of `count` rules; none of them drops or answers what the mix holds."""
    made = content.rules()
    for number, (issue, line) in enumerate(product(_ISSUES, _LINES)):
        if len(made) >= count:
            return made[:count]
        made.append(_rule(number, line, *issue))
    raise ValueError(f"there are only {len(made)} rules")


def _rule(number: int, line: str, issue: str, type_: str, queue: str) -> dict[str, Any]:
    both: dict[str, Any] = {"field": "text", "op": "contains_all", "value": [line, issue]}
    named: dict[str, Any] = {"id": f"line-{number}", "name": f"{line}: {issue}", "on": True}
    if number % 10 == 3:
        tier = {"field": "customer.tier", "op": "in", "value": ["gold", "silver"]}
        return named | {"stage": "sla", "if": {"all": [tier, both]}, "then": [{"policy": "silver"}]}
    if number % 10 == 6:
        spelled = {"field": "text", "op": "matches", "value": f"{line}.{{0,20}}{issue}"}
        domain = {"field": "sender.domain", "op": "is", "value": f"{queue}.example.com"}
        return named | {
            "stage": "route",
            "if": {"any": [domain, {"all": [both, spelled]}]},
            "then": [{"set": "queue", "to": queue}],
        }
    if number % 2:
        return named | {"stage": "route", "if": both, "then": [{"set": "queue", "to": queue}]}
    effects: list[dict[str, Any]] = [{"tag": f"{line}-{issue}"}]
    if type_:
        effects.append({"set": "type", "to": type_})
    return named | {"stage": "enrich", "if": both, "then": effects}
