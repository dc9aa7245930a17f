"""Which articles an agent's reply shows to be right: the one it was made from, and those it links to."""

import re

from gateway.http.problems import Invalid
from storage import articles, labels
from storage.messages import Message
from storage.store import Missing, Tx

_LINK = re.compile(r"/help/articles/([\w.:@-]{1,200})")
_MOST_LINKED = 5


def label_shown(tx: Tx, reply: Message, article_id: str | None) -> None:
    """Note what the reply shows; raises `Invalid` where the article it names is not there."""
    if article_id is None and "/help/articles/" not in reply.text:
        return
    found: dict[str, labels.How] = dict.fromkeys(_LINK.findall(reply.text)[:_MOST_LINKED], "linked")
    if article_id is not None:
        found[article_id] = "sent"
    given = []
    for shown, how in found.items():
        try:
            articles.get(tx.sql, shown)
        except Missing:
            if how == "sent":
                raise Invalid.at("/article_id", "unknown", f"There is no article {shown}.") from None
            continue
        given.append(
            labels.Given(
                conversation_id=reply.conversation_id,
                message_id=reply.id,
                article_id=shown,
                right=True,
                how=how,
            )
        )
    labels.add(tx, given)
