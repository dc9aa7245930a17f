"""Edits, withdrawals and albums: a customer changes what an earlier message of theirs says, or adds to it."""

from msgspec.structs import replace

from bus.envelope import Delete, Edit, Inbound, Message
from bus.ids import message_id
from storage import messages
from workers.batch import Batch

# Of a message that is edited again and again, so many earlier texts are kept.
_KEPT_EDITS = 20
# Platforms let fewer be sent together.
_MOST_FILES = 50


def amend(batch: Batch, envelope: Inbound) -> str:
    """Change what an earlier message says; returns its conversation's id, "" where there is none."""
    event = envelope.event
    assert isinstance(event, Edit | Delete)  # noqa: S101 - the only events that reach it
    target = message_id(envelope.channel_id, event.target)
    contact = batch.contacts.get((envelope.channel_id, envelope.sender.address))
    place = next((at for at, one in enumerate(batch.messages) if one.id == target), None)
    found = messages.find(batch.tx.sql, target) if place is None else batch.messages[place]
    if found is None or contact is None or found.contact_point_id != contact.id:
        return ""
    said = {"at": batch.tx.now, "text": found.text}
    earlier = [*found.details.get("earlier", []), said][-_KEPT_EDITS:]
    how = "withdrawn" if isinstance(event, Delete) else "edited"
    details = {**found.details, "earlier": earlier, how: True}
    text = event.text if isinstance(event, Edit) else ""
    if place is None:
        messages.amend(batch.tx, found.id, text, details)
    else:
        batch.messages[place] = replace(found, text=text, details=details)
    batch.tx.emit(
        "message.updated",
        ticket=batch.ticket_of(found.conversation_id),
        conversation=found.conversation_id,
        message_id=found.id,
    )
    return found.conversation_id


def join(batch: Batch, envelope: Inbound, target: str) -> str | None:
    """Add a part of an album to the message that another made; its conversation, None for the first part."""
    part = envelope.event
    assert isinstance(part, Message)  # noqa: S101 - the only event that reaches it
    contact = batch.contacts.get((envelope.channel_id, envelope.sender.address))
    place = next((at for at, one in enumerate(batch.messages) if one.id == target), None)
    found = messages.find(batch.tx.sql, target) if place is None else batch.messages[place]
    if found is None or contact is None or found.contact_point_id != contact.id:
        return None
    files = (*found.attachments, *part.attachments)[:_MOST_FILES]
    whole = replace(found, text=found.text or part.text, attachments=files)
    if place is None:
        messages.extend(batch.tx, whole)
    else:
        batch.messages[place] = whole
    batch.tx.emit(
        "message.updated",
        ticket=batch.ticket_of(found.conversation_id),
        conversation=found.conversation_id,
        message_id=found.id,
    )
    return found.conversation_id
