"""Labels: what customers and agents have shown of whether an article was right, each with its exposure.

A label is noted in the transaction in which it was given, in one insert. What it was about (the question,
how sure the match was of that article and by which encoder, whether it was answered or suggested) is read
from the decisions afterwards, by `workers.learning`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection, insert, select, update

from router.values import Value
from storage import schema
from storage.decisions import of_conversation
from storage.messages import find
from storage.prepared import Prepared
from storage.rows import Mapper
from storage.store import Tx

How = Literal["helped", "not_helped", "chosen", "none_of_these", "handover", "sent", "linked", "corrected"]
_row = schema.labels.c
_LONGEST_QUESTION = 2_000
_add = Prepared(insert(schema.labels))


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's word: in which message it was given, about which article."""

    conversation_id: str
    message_id: str
    article_id: str
    right: bool
    how: How


class Label(Value, frozen=True, kw_only=True):
    """A label with its exposure. `confidence` is None where the match did not name the article,
    `uncalibrated` is the same before the desk's own labels had corrected it.

    `exposure`: the bot's "answer" or "suggest"ion, or "agent" where a person chose the article.
    """

    seq: int
    at: datetime
    conversation_id: str
    message_id: str
    article_id: str
    right: bool
    how: How
    question_id: str = ""
    question: str = ""
    language: str = ""
    confidence: float | None = None
    uncalibrated: float | None = None
    encoder: str = ""
    exposure: str = ""


_labels = Mapper(schema.labels, Label)


def add(tx: Tx, given: Sequence[Given]) -> None:
    """Note what was shown; each label's exposure is still to be found."""
    _add.many(tx.sql, [msgspec.structs.asdict(one) | {"at": tx.now} for one in given])


def pending(sql: Connection, limit: int) -> list[Label]:
    """Labels whose exposure is still to be found, oldest first."""
    query = _labels.select().where(_row.question_id.is_(None)).order_by(_row.seq).limit(limit)
    lines = [dict(zip(_labels._names, line, strict=True)) for line in sql.execute(query)]
    shown = [{name: value for name, value in line.items() if value is not None} for line in lines]
    return [msgspec.convert(line, Label) for line in shown]


def expose(tx: Tx, label: Label) -> Label:
    """Find what the label was about and store it with it; returns the whole label."""
    found = _exposed(tx.sql, label)
    names = ("question_id", "question", "language", "confidence", "uncalibrated", "encoder", "exposure")
    values = {name: getattr(found, name) for name in names}
    tx.sql.execute(update(schema.labels).where(_row.seq == label.seq).values(values))
    return found


def _exposed(sql: Connection, label: Label) -> Label:
    """The last match before it that named the article; else the last one, of which it says nothing."""
    by_agent = label.how in ("sent", "linked", "corrected")
    matched = [
        one.made
        for one in of_conversation(sql, label.conversation_id, messages=True)
        if one.made.context.match
    ]
    if not by_agent:
        matched = [one for one in matched if one.message_id != label.message_id] or matched
    # One that showed something goes before one that only might have.
    matched.sort(key=lambda one: one.context.match is None or one.context.match.outcome == "none")
    for made in matched:
        match = made.context.match
        named = [one for one in match.candidates if one.article_id == label.article_id] if match else []
        if match is not None and named:
            return _about(
                sql,
                label,
                made.message_id,
                confidence=named[0].confidence,
                uncalibrated=named[0].uncalibrated,
                encoder=match.encoder,
                exposure=match.outcome if match.outcome != "none" else "agent",
            )
    return _about(sql, label, matched[0].message_id if matched else "", exposure="agent")


def _about(sql: Connection, label: Label, question_id: str, **exposure: object) -> Label:
    message = find(sql, question_id) if question_id else None
    text, details = (message.text, message.details) if message is not None else ("", {})
    told = {
        "question_id": question_id,
        "question": text[:_LONGEST_QUESTION],
        "language": str(details.get("language", "")),
    }
    return msgspec.structs.replace(label, **told, **exposure)


def since(sql: Connection, begin: datetime, limit: int = 20_000) -> list[Label]:
    """Labels with their exposure, newest first."""
    query = _labels.select().where(_row.at >= begin, _row.question_id.is_not(None))
    return [_labels.load(line) for line in sql.execute(query.order_by(_row.seq.desc()).limit(limit))]


def judged(sql: Connection, encoder: str, limit: int = 5_000) -> list[tuple[float, bool]]:
    """(uncalibrated confidence, right) of the last word on each question by this encoder, oldest first."""
    query = (
        select(_row.question_id, _row.uncalibrated, _row.right)
        .where(_row.encoder == encoder, _row.uncalibrated.is_not(None))
        .order_by(_row.seq.desc())
        .limit(limit)
    )
    last: dict[str, tuple[float, bool]] = {}
    for question_id, confidence, right in sql.execute(query):
        last.setdefault(question_id, (confidence, right))
    return list(last.values())[::-1]


def last_words(labels: Iterable[Label]) -> list[Label]:
    """Of several labels on one question (newest first) the last counts."""
    last: dict[str, Label] = {}
    for label in labels:
        last.setdefault(label.question_id or str(label.seq), label)
    return list(last.values())
