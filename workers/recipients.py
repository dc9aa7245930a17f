"""Who a mail of an agent's goes to: everybody who takes part, until an agent names others."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from channels.mail.receive import KIND as MAIL
from router.values import Ticket
from storage import channels, contacts, conversations
from storage import mail as mails
from storage.mail import Place
from storage.paging import Sql
from storage.store import Tx


class Recipients(NamedTuple):
    """Addresses of one mail; `bcc` is seen by nobody else."""

    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    def details(self) -> dict[str, list[str]]:
        """As the message keeps them."""
        return {name: list(found) for name, found in self._asdict().items()}


class Everybody(NamedTuple):
    """Who takes part in a ticket's conversation by mail: the contact, and the others' names by address."""

    contact: str
    name: str
    others: Mapping[str, str]

    def chosen(
        self, to: Sequence[str] | None, cc: Sequence[str] | None, bcc: Sequence[str] | None
    ) -> Recipients:
        """Who a reply goes to; None stands for those who take part, a list for exactly these."""
        first = tuple(dict.fromkeys(to or (self.contact,)))
        copies = self.others if cc is None else dict.fromkeys(cc)
        return Recipients(first, tuple(one for one in copies if one not in first), tuple(bcc or ()))


def everybody(sql: Sql, ticket: Ticket) -> Everybody | None:
    """Who takes part in it; None where its channel is gone."""
    place = mails.of_conversation(sql, ticket.channel_id, ticket.conversation_id)
    if place is None:
        return None
    name = contacts.name_of(sql, conversations.get(sql, ticket.conversation_id).contact_point_id)
    return Everybody(place.address, name, mails.people(sql, ticket.channel_id, place))


def mailbox(sql: Sql, channel_id: str = "") -> str | None:
    """The channel that a mail goes from: the given one if it is for mail, else the oldest that can send."""
    mail = [one for one in channels.every(sql) if one.kind == MAIL]
    able = [one.id for one in mail if one.id == channel_id or (one.enabled and "smtp" in one.settings)]
    return channel_id if channel_id in able else next(iter(able), None)


def keep(tx: Tx, ticket: Ticket, before: Everybody, named: Recipients) -> None:
    """Let those take part whom an agent has named, and no others; a hidden copy makes nobody take part."""
    place = mails.of_conversation(tx.sql, ticket.channel_id, ticket.conversation_id)
    if place is not None:
        found = {one: before.others.get(one, "") for one in (*named.to, *named.cc) if one != before.contact}
        mails.keep_people(tx, ticket.channel_id, Place(*place), found)
