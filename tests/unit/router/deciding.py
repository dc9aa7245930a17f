"""Conversations, matches and articles for tests of `decide`, and what of a decision they look at."""

from typing import Any

from msgspec.structs import replace

from bus.envelope import Action, Message
from knowledgebase.match import NO_MATCH, Candidate, Match
from router.decide import decide
from router.decision import ChangeConversation, Context, Decision, Known, Learned, OpenTicket, Reply
from router.values import Conversation, Ticket
from tests.unit.router.rule_facts import context, message, rule_set

PARCEL = Known(id="art_1", title="Where is my parcel?", answer="It is on its way.", language="en")
REFUND = Known(id="art_2", title="How do refunds work?", answer="Within 14 days.", language="en")
INVOICE = Known(id="art_3", title="怎么开发票?", answer="在订单页面点击“开发票”。", language="zh")
ARTICLES = {one.id: one for one in (PARCEL, REFUND, INVOICE)}
WITH_BOT = Conversation(
    id="con_1", channel_id="ch_1", contact_point_id="cp_1", customer_id="cus_1", language="en"
)
ANSWERED = replace(WITH_BOT, answered=("art_1",), bot_turns=1)
OFFERED = replace(WITH_BOT, offered=("article:art_1", "article:art_2", "person"), bot_turns=1)
HANDOVER = (
    "I've passed this on to our team. Your ticket number is #{ticket.number}; someone will answer you here."
)
HANDOVER_ZH = "已为您转接人工客服，工单号 #{ticket.number}，客服会在这里回复您。"


def matched(outcome: Any, *ids: str) -> Match:
    """A match with these candidates, best first."""
    found = tuple(
        Candidate(article_id=one, title=ARTICLES[one].title, confidence=0.95 - place / 10)
        for place, one in enumerate(ids)
    )
    return Match(outcome=outcome, candidates=found, encoder="test")


def in_context(conversation: Conversation = WITH_BOT, match: Match | None = NO_MATCH, **rest: Any) -> Context:
    """A context with three articles."""
    return context(**{"conversation": conversation, "match": match, "articles": ARTICLES} | rest)


def decided(said: str | Action | Message, before: Context | None = None, *rules: dict[str, Any]) -> Decision:
    """What is decided about a message in a context."""
    inbound = message(said) if isinstance(said, str) else message(event=said)
    return decide(inbound, before or in_context(), rule_set(*rules))


def replies(decision: Decision) -> list[str]:
    """What the customer is told."""
    return [effect.text for effect in decision.effects if isinstance(effect, Reply)]


def opened(decision: Decision) -> OpenTicket | None:
    """The ticket that is opened."""
    return next((effect for effect in decision.effects if isinstance(effect, OpenTicket)), None)


def after(decision: Decision) -> Conversation:
    """The conversation afterwards."""
    return next(one.conversation for one in decision.effects if isinstance(one, ChangeConversation))


def with_ticket(ticket: Ticket) -> Context:
    """A conversation that people have, about this ticket."""
    return in_context(replace(WITH_BOT, with_="person", ticket_id=ticket.id), None, ticket=ticket)


def learned(decision: Decision) -> list[tuple[str, bool, str]]:
    """What the decision learned, as tuples."""
    return [(one.article_id, one.right, one.how) for one in decision.effects if isinstance(one, Learned)]
