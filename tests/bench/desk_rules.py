"""Rules like those of a real desk, as many as wanted: the demo's, then what a shop's product lines add."""

from itertools import product
from typing import Any

from gateway.demo import content

_LINES = (
    "tent/stove/jacket/rope/sleeping bag/head torch/backpack/boot/harness/flysheet/"
    "帐篷/炉头/冲锋衣/睡袋/头灯/背包/登山鞋/雨衣/水壶/手杖"
).split("/")
# Type, queue, and what customers write about.
_ISSUES = (
    ("repair", "technical", "pole/zip/seam/battery/strap/buckle/lining/破损/缝线/拉链"),
    ("", "technical", "spare part/waterproofing/glue/配件/保养/兼容"),
    ("", "orders", "colour/size chart/discount/rental/label/catalogue/sample/pattern/courses/guide"),
    ("", "orders", "尺码/缺货/赠品/改地址/加急/样品/包装/标签/租赁/门店"),
    ("complaint", "refunds", "smell/recall/过期/气味"),
    ("refund", "refunds", "voucher/色差/以旧换新"),
    ("invoice", "billing", "wholesale/团购/定制/insurance/licence"),
    ("", "vip", "会员/积分"),
)


def rules(count: int) -> list[dict[str, Any]]:
    """A rule document of `count` rules; none of them drops or answers what the mix holds."""
    made = content.rules()
    about = [(type_, queue, issue) for type_, queue, issues in _ISSUES for issue in issues.split("/")]
    for number, (line, issue) in enumerate(product(_LINES, about)):
        made.append(_rule(number, line, *issue))
    if count > len(made):
        raise ValueError(f"there are only {len(made)} rules")
    return made[:count]


def _rule(number: int, line: str, type_: str, queue: str, issue: str) -> dict[str, Any]:
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
