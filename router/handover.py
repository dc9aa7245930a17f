"""What a hand-over tells: the customer when somebody will answer, the agent what the bot has tried."""

import math
from collections.abc import Iterable

from knowledgebase.telling import primary
from router.decision import Context
from router.phrases import ARTICLE, REASONS_ZH, words
from router.values import Conversation

_LONGEST_TITLE = 80


def likely_wait(context: Context, queue: str) -> int | None:
    """Seconds that a ticket will likely wait in the queue; None where too little is known."""
    each = context.waits.get("")
    return context.waits.get(queue, None if each is None else each * (context.waiting.get(queue, 0) + 1))


def notice(context: Context, language: str, queue: str) -> str:
    """That a person takes over, with the ticket's number (to be filled in) and the usual wait if known."""
    say = words(language)
    wait = likely_wait(context, queue)
    if wait is None:
        return say["handover"]
    return say["handover_wait"].replace("{wait}", _duration(wait, language))


def _duration(seconds: int, language: str) -> str:
    """In words, rounded up: better to be early than late."""
    minutes = max(1, math.ceil(seconds / 60))
    minutes = minutes if minutes <= 5 else math.ceil(minutes / 5) * 5
    hours = math.ceil(minutes / 60)
    if primary(language) == "zh":
        return f"{minutes} 分钟" if minutes < 60 else f"{hours} 小时"
    number, unit = (minutes, "minute") if minutes < 60 else (hours, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def summary(context: Context, conversation: Conversation, why: str) -> str:
    """For the agent: the answers that were given, the questions that were offered, and what ended it."""
    say = words(conversation.language)
    chinese = primary(conversation.language) == "zh"
    offered = (value for value in conversation.offered if value.startswith(ARTICLE))
    parts = [
        (say["tried_answers"], _titles(context, conversation.answered)),
        (say["tried_offers"], _titles(context, offered)),
        (say["tried_why"], REASONS_ZH.get(why, why) if chinese else why),
    ]
    return say["tried"] + "".join(f"\n- {part}{text}" for part, text in parts if text)


def _titles(context: Context, values: Iterable[str]) -> str:
    known = (context.articles.get(value.removeprefix(ARTICLE)) for value in values)
    return ", ".join(f"“{article.title[:_LONGEST_TITLE]}”" for article in known if article is not None)
