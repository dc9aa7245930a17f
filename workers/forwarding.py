"""The text of a message that is forwarded: who wrote it, when, to whom, and what: pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from storage.messages import Message
from workers.recipients import Everybody

_LINE = "---------- Forwarded message ----------"


def forwarded(text: str, original: Message, everybody: Everybody, subject: str) -> str:
    """What the agent writes to them, and below it the message as the agents see it."""
    mail: Mapping[str, Any] = original.details.get("context", {}).get("mail", {})
    sender = _person(mail.get("from") or {"name": everybody.name, "email": everybody.contact})
    head = [
        _LINE,
        *([f"From: {sender}"] if original.author == "customer" else []),
        f"Date: {original.created_at:%Y-%m-%d %H:%M} UTC",
        f"Subject: {original.details.get('subject') or subject}",
        *_people("To", mail.get("to", ())),
        *_people("Cc", mail.get("cc", ())),
    ]
    return "\n".join([*([text, ""] if text else []), *head, "", original.text])


def _people(name: str, found: Iterable[Mapping[str, str]]) -> list[str]:
    shown = ", ".join(map(_person, found))
    return [f"{name}: {shown}"] if shown else []


def _person(person: Mapping[str, str]) -> str:
    name, email = person.get("name", ""), person.get("email", "")
    return f"{name} <{email}>" if name else email
