"""Pieces of the path by themselves: what rules and a match cost a message, in µs."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any, TypeVar

import msgspec

from bus.envelope import Inbound, Message, Sender
from gateway.demo import content
from knowledgebase.match import Snapshot
from router.decide import decide
from router.decision import Context
from router.rules.engine import compile_rules
from router.rules.facts import Facts
from router.rules.form import parse
from router.values import ChannelRef, Conversation, Customer, Ticket
from storage import restoring
from storage.restoring import Restored
from tests.bench import desk_rules, many_rules, mix
from tests.hostile import HOSTILE
from workers.backtest import Backtest

T = TypeVar("T")
_NOW = datetime(2026, 5, 4, 10, 15, tzinfo=UTC)
_RUNS = 5


def rules_us(count: int, messages: int = 2000) -> float:
    """What `count` rules cost a message of somebody with a ticket."""
    compiled = compile_rules(parse(desk_rules.rules(count)), 1)
    written = [_written(text) for text in mix.texts(messages)]
    return _per_item(lambda one: compiled.run(Facts(*one)), written)


def many_rules_us(count: int, messages: int = 500) -> tuple[float, float]:
    """What thousands of rules cost a message, one in ten an expression: the median and the p99."""
    compiled = compile_rules(parse(many_rules.many_rules(count)), 1)
    written = [_written(text) for text in mix.texts(messages)]
    for one in written:
        compiled.run(Facts(*one))
    costs = []
    for one in written:
        start = time.thread_time_ns()
        compiled.run(Facts(*one))
        costs.append(time.thread_time_ns() - start)
    hundredths = quantiles(costs, n=100)
    return hundredths[49] / 1000, hundredths[98] / 1000


def hostile_ms(count: int) -> float:
    """CPU of deciding the worst of the hostile texts by `count` rules, a tenth CEL: the best of five runs."""
    compiled = compile_rules(parse(many_rules.many_rules(count)), 1)
    return max(_least_ms(lambda text: decide(*_written(text), compiled), text) for text in HOSTILE.values())


def publishing_ms(count: int) -> tuple[float, float]:
    """CPU of making ready `count` rules never seen, and a version of them with one that is changed."""
    written = many_rules.many_rules(count)
    # As it comes from the store: equal, and nothing of it the same object.
    again = msgspec.json.decode(msgspec.json.encode([{**written[0], "note": "changed"}, *written[1:]]))
    costs, in_use = [], []
    for document in (written, again):
        start = time.thread_time()
        in_use.append(compile_rules(parse(document), 1))
        costs.append((time.thread_time() - start) * 1000)
    return costs[0], costs[1]


def backtest_rate(count: int, messages: int = 2000) -> float:
    """Messages a second that a backtest of `count` rules decides on one core, each by both sets."""
    rules = parse(desk_rules.rules(count))
    published, draft = compile_rules(rules, 1), compile_rules(rules[1:], 2)
    stored = []
    for text in mix.texts(messages):
        inbound, context = _written(text)
        decision = decide(inbound, context, published)
        stored.append(Restored(0, "cv_1", inbound, context, decision, restoring.encode(decision), _NOW, ()))
    return 1e6 / _per_item(Backtest(published, draft).take, stored)


def match_us(messages: int = 200) -> float:
    """What it costs to match a question against the demo's forty articles."""
    snapshot = Snapshot.build(content.articles())
    return _per_item(lambda text: snapshot.match(text, target_precision=0.9), mix.questions(messages))


def _written(text: str) -> tuple[Inbound, Context]:
    inbound = Inbound(
        id="msg_1",
        channel_id="ch_1",
        channel_kind="webhook",
        external_id="1",
        sender=Sender(address="ann", name="Ann", email="ann@example.org"),
        event=Message(text=text),
        received_at=_NOW,
    )
    conversation = Conversation(
        id="cv_1",
        channel_id="ch_1",
        contact_point_id="cp_1",
        customer_id="cus_1",
        with_="person",
        language="en" if text.isascii() else "zh",
        ticket_id="tkt_1",
    )
    ticket = Ticket(
        id="tkt_1",
        number=1,
        conversation_id="cv_1",
        customer_id="cus_1",
        channel_id="ch_1",
        created_at=_NOW,
        updated_at=_NOW,
        waiting_since=_NOW,
        queue="general",
        status="open",
    )
    context = Context(
        now=_NOW,
        channel=ChannelRef(id="ch_1", kind="webhook", name="Shop"),
        conversation=conversation,
        customer=Customer(id="cus_1", name="Ann", tier="gold"),
        ticket=ticket,
        default_queue="general",
    )
    return inbound, context


def _least_ms(work: Callable[[T], Any], item: T) -> float:
    runs = []
    for _ in range(_RUNS):
        start = time.thread_time()
        work(item)
        runs.append(time.thread_time() - start)
    return min(runs) * 1000


def _per_item(work: Callable[[T], Any], items: Sequence[T]) -> float:
    runs = []
    for _ in range(_RUNS):
        start = time.thread_time()
        for item in items:
            work(item)
        runs.append(time.thread_time() - start)
    return median(runs) / len(items) * 1e6
