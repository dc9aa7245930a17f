"""`decide`: what is to be done about one message. Pure: the same inputs give the same decision.

A conversation is with the bot until a person is needed. Rules speak first; then, where a ticket is being
worked on, the message joins it; else the bot answers from the knowledge base, asks which of a few
questions was meant, or hands over by opening a ticket.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from bus.envelope import Action, Inbound, Message, Option
from router.decision import (
    CallWebhook,
    ChangeConversation,
    ChangeTicket,
    CloseTicket,
    Context,
    Decision,
    Discard,
    Effect,
    Known,
    Learned,
    Note,
    Notify,
    OpenTicket,
    Reply,
    Snooze,
)
from router.handover import notice, summary
from router.phrases import (
    ARTICLE,
    ASKED_FOR_PERSON,
    HELPED,
    MANY_TURNS,
    NO_ANSWER,
    NOT_HELPED,
    NOTHING_LEFT,
    PERSON,
    TWICE,
    only_wants_person,
    same_words,
    says_helped,
    says_not_helped,
    wants_person,
    words,
)
from router.rules.engine import RuleSet
from router.rules.facts import Facts
from router.rules.outcome import Outcome
from router.telling import told
from router.values import ACTIVE, GOES_ON, Conversation

_SUBJECT = 120
# The options of an answer, in their order.
_HELPED_OR_NOT = (HELPED, PERSON)


class Turn(NamedTuple):
    """What the bot made of a message: effects and the conversation after them."""

    effects: tuple[Effect, ...]
    conversation: Conversation
    why: str


def decide(inbound: Inbound, context: Context, rules: RuleSet) -> Decision:
    """The decision about `inbound`, with the rules that spoke for it and the reason in words.

    Only messages and actions are decided; edits, receipts and the like change what is stored and no more.
    An automatic message is kept and nothing follows from it: it opens, reopens and answers nothing.
    """
    event = inbound.event
    if isinstance(event, Message) and event.automatic:
        return Decision(effects=(), why="automatic message: kept, not answered")
    if isinstance(event, Message) and event.apart is not None:
        # Rules and bot speak with customers, and it is not theirs.
        why = "an answer to what was passed on: kept as a note"
        return Decision(effects=(ChangeTicket(aside=True),), why=why)
    facts = Facts(inbound, context)
    outcome = rules.run(facts)
    if outcome.discard is not None or outcome.spam:
        return _dropped(context, outcome, rules.version)
    language = outcome.language or facts.language
    turn = _turn(inbound, context, outcome, language)
    said = tuple(Reply(text=text, author="system") for text in outcome.replies)
    told: tuple[Effect, ...] = (
        *(Notify(to=to) for to in outcome.notify),
        *(CallWebhook(to=to) for to in outcome.webhooks),
        *((Snooze(minutes=outcome.snooze),) if outcome.snooze is not None else ()),
    )
    # Most messages leave their conversation as it was: nothing to store then.
    changed = turn.conversation is not context.conversation
    after = (ChangeConversation(conversation=turn.conversation),) if changed else ()
    return Decision(
        effects=(*turn.effects, *said, *told, *after),
        hits=outcome.hits,
        why=turn.why,
        language=language,
        rules_version=rules.version,
    )


def _dropped(context: Context, outcome: Outcome, version: int) -> Decision:
    reason = outcome.discard or "spam"
    effects: tuple[Effect, ...] = (Discard(reason=reason),)
    if outcome.spam and context.ticket is not None and context.ticket.status in ACTIVE:
        effects = (*effects, CloseTicket(reason=reason))
    return Decision(effects=effects, hits=outcome.hits, why=f"discarded: {reason}", rules_version=version)


def _turn(inbound: Inbound, context: Context, outcome: Outcome, language: str) -> Turn:
    conversation = context.conversation
    if language and language != conversation.language:
        conversation = replace(conversation, language=language)
    ticket = context.ticket
    if ticket is not None and ticket.status in GOES_ON:
        why = (
            f"reopens ticket #{ticket.number}"
            if ticket.status == "resolved"
            else f"joins ticket #{ticket.number}"
        )
        return Turn((_change(outcome),), conversation, why)
    conversation = _asked(inbound, context, conversation)
    if outcome.handover:
        return _hand_over(inbound, context, outcome, conversation, "a rule asks for a person")
    if outcome.skip_bot:
        return _hand_over(inbound, context, outcome, conversation, "a rule skips the bot")
    return _bot(inbound, context, outcome, conversation, language)


def _asked(inbound: Inbound, context: Context, conversation: Conversation) -> Conversation:
    """The conversation with the message as its subject, if it asks something.

    "Talk to a person" after an answer is about what was asked before it.
    """
    event = inbound.event
    text = _text(inbound)
    if not isinstance(event, Message) or _chosen(inbound, context) or only_wants_person(text):
        return conversation
    if conversation.answered and (says_helped(text) or says_not_helped(text)):
        return conversation
    subject = _subject(inbound)
    # Of what was written in one go the longest says most: "hello" is no subject.
    if not subject or (context.follows and len(subject) < len(conversation.subject)):
        return conversation
    return replace(conversation, subject=subject)


def _subject(inbound: Inbound) -> str:
    written = inbound.event.subject if isinstance(inbound.event, Message) else ""
    return (written or " ".join(_text(inbound).split()))[:_SUBJECT]


def _bot(
    inbound: Inbound, context: Context, outcome: Outcome, conversation: Conversation, language: str
) -> Turn:
    chosen = _chosen(inbound, context)
    text = _text(inbound)
    if chosen == PERSON or wants_person(text):
        return _hand_over(inbound, context, outcome, conversation, ASKED_FOR_PERSON)
    # The button means what it says, also when its conversation is over and the press begins another.
    # Thanks in a new conversation are for what was done in the one before it.
    done = conversation.answered or conversation.previous_ticket_id
    if chosen == HELPED or (done and says_helped(text)):
        closed = replace(conversation, with_="closed", outcome="self_served", due_at=None)
        thanks = Reply(text=words(language)["thanks"], reason="thanks")
        learned = _learned(conversation.answered[-1:], "helped")
        return Turn((thanks, *learned), closed, "the customer says the answer helped")
    if conversation.answered and says_not_helped(text):
        return _hand_over(inbound, context, outcome, conversation, NOT_HELPED)
    if outcome.answer is not None and (article := context.articles.get(outcome.answer)) is not None:
        if article.id in conversation.answered:
            return _hand_over(inbound, context, outcome, conversation, TWICE)
        why = f"a rule answers with '{article.title}'"
        return _answer(article, context, conversation, language, why)
    if chosen.startswith(ARTICLE) and (article := context.articles.get(chosen.removeprefix(ARTICLE))):
        why = f"the customer chose '{article.title}'"
        turn = _answer(article, context, conversation, language, why)
        return turn._replace(effects=(*turn.effects, *_learned([article.id], "chosen")))
    if conversation.bot_turns >= context.bot_turns:
        return _hand_over(inbound, context, outcome, conversation, MANY_TURNS)
    return _from_match(inbound, context, outcome, conversation, language)


def _from_match(
    inbound: Inbound, context: Context, outcome: Outcome, conversation: Conversation, language: str
) -> Turn:
    match = context.match
    if context.followed and (match is None or match.outcome != "answer"):
        return Turn((), conversation, "a newer message follows: the bot speaks to both")
    if match is None or not match.candidates or match.outcome == "none":
        return _hand_over(inbound, context, outcome, conversation, NO_ANSWER)
    best = match.candidates[0]
    known = [
        context.articles[one.article_id] for one in match.candidates if one.article_id in context.articles
    ]
    if match.outcome == "answer":
        if best.article_id in conversation.answered:
            return _hand_over(inbound, context, outcome, conversation, TWICE)
        # Withdrawn since it was matched: the next best is not what the match was sure of.
        if best.article_id not in context.articles:
            return _hand_over(inbound, context, outcome, conversation, NO_ANSWER)
        why = f"answers with '{known[0].title}', confidence {best.confidence:.2f}"
        return _answer(known[0], context, conversation, language, why)
    choices = tuple(article for article in known if article.id not in conversation.answered)[:3]
    if not choices:
        return _hand_over(inbound, context, outcome, conversation, NOTHING_LEFT)
    return _suggest(choices, context, conversation, language)


def _chosen(inbound: Inbound, context: Context) -> str:
    """The value of the option the customer chose: by its button, its number or its exact words."""
    event, conversation = inbound.event, context.conversation
    # After an answer the question was whether it helped.
    offered = conversation.offered or (_HELPED_OR_NOT if conversation.answered else ())
    if isinstance(event, Action):
        return event.value
    text = _text(inbound).strip().rstrip(".。)、").strip()
    if len(text) == 1 and text.isdecimal() and 1 <= int(text) <= len(offered):
        return offered[int(text) - 1]
    for value in offered:
        article = context.articles.get(value.removeprefix(ARTICLE))
        titles = () if article is None else (article.title, *(one.title for one in article.variants))
        if any(same_words(text, title) for title in titles):
            return value
    return ""


def _text(inbound: Inbound) -> str:
    event = inbound.event
    return event.text if isinstance(event, Message | Action) else ""


def _answer(article: Known, context: Context, conversation: Conversation, language: str, why: str) -> Turn:
    told_as = told(article, context, language)
    say = words(told_as.language or language)
    given = conversation.answered
    after = replace(
        conversation,
        # Only a button that is pressed again gives the same article again.
        answered=given if article.id in given else (*given, article.id),
        offered=(),
        bot_turns=conversation.bot_turns + 1,
    )
    labels = (say["helped"], say["not_helped"])
    options = tuple(
        Option(value=value, label=label) for value, label in zip(_HELPED_OR_NOT, labels, strict=True)
    )
    reply = Reply(
        text=told_as.answer,
        reason="answer",
        article_id=article.id,
        options=options,
        asks=say["did_it_help"],
        attachments=article.files,
    )
    return Turn((reply,), after, why)


def _learned(articles: Sequence[str], how: Literal["helped", "chosen"]) -> tuple[Effect, ...]:
    return tuple(Learned(article_id=article_id, right=True, how=how) for article_id in articles)


def _suggest(choices: tuple[Known, ...], context: Context, conversation: Conversation, language: str) -> Turn:
    say = words(language)
    options = (
        *(
            Option(value=ARTICLE + article.id, label=told(article, context, language).title)
            for article in choices
        ),
        Option(value=PERSON, label=say["person"]),
    )
    after = replace(
        conversation,
        offered=tuple(option.value for option in options),
        bot_turns=conversation.bot_turns + 1,
    )
    reply = Reply(text=say["suggest"], reason="suggest", options=options)
    titles = ", ".join(f"'{article.title}'" for article in choices)
    return Turn((reply,), after, f"asks which was meant: {titles}")


def _hand_over(
    inbound: Inbound, context: Context, outcome: Outcome, conversation: Conversation, why: str
) -> Turn:
    ticket = OpenTicket(
        queue=outcome.queue or context.default_queue,
        subject=conversation.subject or _subject(inbound),
        why=why,
        priority=outcome.priority or "normal",
        tier=outcome.tier or context.customer.tier,
        type=outcome.type or "",
        language=conversation.language,
        tags=outcome.tags,
        fields=outcome.fields,
        skills=outcome.skills,
        policy=outcome.policy or "",
    )
    after = replace(conversation, with_="person", offered=(), due_at=None)
    effects: tuple[Effect, ...] = (ticket,)
    if conversation.bot_turns:
        tried = Note(text=summary(context, conversation, why))
        effects = (ticket, tried, *_mistaken(conversation, why, by_rule=outcome.handover or outcome.skip_bot))
    # A rule that speaks to the customer has chosen the words; two notices would be one too many.
    if not outcome.replies:
        text = notice(context, conversation.language, ticket.queue)
        effects = (*effects, Reply(text=text, author="system", reason="handover"))
    return Turn(effects, after, f"opens a ticket: {why}")


def _mistaken(conversation: Conversation, why: str, *, by_rule: bool) -> tuple[Effect, ...]:
    """What a hand-over says of the bot's last turn: a wrong answer, or questions that nobody meant."""
    offered = [value.removeprefix(ARTICLE) for value in conversation.offered if value.startswith(ARTICLE)]
    if by_rule:
        return ()
    if offered:
        return (Learned(article_id=offered[0], right=False, how="none_of_these"),)
    how: Literal["not_helped", "handover"] = "not_helped" if why == NOT_HELPED else "handover"
    return tuple(Learned(article_id=last, right=False, how=how) for last in conversation.answered[-1:])


def _change(outcome: Outcome) -> ChangeTicket:
    # Where a ticket goes was decided when it opened and may have been changed by a person since: a later
    # message adds to it and may raise its priority, but does not send it elsewhere.
    return ChangeTicket(
        priority=outcome.priority, type=outcome.type, tags=outcome.tags, fields=outcome.fields
    )
