"""Gives one notification away: by the desk's own mail, or to the robot of a group chat."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import aiohttp
from yarl import URL

from bus.live import Live
from channels import robots
from channels.mail.channel import Mail
from channels.mail.letter import Letter
from channels.protocol import AddressRefused, Doubtful, Rejected, Retryable, Slowed
from router.notices import Language, words
from router.values import Agent
from storage.notification_choices import Kept
from storage.notifications import Notification
from storage.store import Clock
from workers.connections import Connections

AboutTo = Callable[[], Awaitable[None]]
"""Awaited last before a platform may take it; raises where it must not be given away."""
_LARGEST_ANSWER: Final = 4096


class Reader(NamedTuple):
    """Who a notification is for, and how they chose to be told."""

    agent: Agent
    kept: Kept


class Unseal(Protocol):
    """`storage.secrets.Secrets.open`."""

    def __call__(self, place: str, sealed: bytes, /) -> Mapping[str, Any]: ...


def robot_place(agent_id: str) -> str:
    """What the address of an agent's robot is sealed for."""
    return f"robot:{agent_id}"


class Reaching:
    """The ways out of the desk. `link` makes an address of one of its pages; `language` is the desk's."""

    def __init__(
        self,
        *,
        connections: Connections,
        unseal: Unseal,
        live: Live,
        clock: Clock,
        link: Callable[[str], str],
        language: Language,
    ) -> None:
        self._connections, self._unseal, self._live, self._clock = connections, unseal, live, clock
        self._link, self._language = link, language

    def sender(self) -> Mail | None:
        """The channel that an admin made the desk's own sender; the first, should there be several."""
        return next((mail for mail in self._mailboxes() if mail.settings.notices), None)

    async def mail(self, told: Notification, reader: Reader, about_to: AboutTo) -> None:
        """Send it from the desk's own address; raises `SendError`, and what `about_to` raises."""
        sender, to = self.sender(), reader.agent.email
        if sender is None:
            raise Retryable("no e-mail channel is the desk's own sender, or it can't be opened")
        if to.lower() in {mail.settings.address.lower() for mail in self._mailboxes()}:
            raise Rejected("the address is a mailbox of the desk's: it would write to itself")
        title, text = self._words(told, reader)
        await sender.tell(Letter(id=told.id, to=to, subject=title, text=text, at=told.created_at), about_to)

    async def robot(self, told: Notification, reader: Reader, about_to: AboutTo) -> None:
        """Post it to the reader's robot; raises `SendError`, and what `about_to` raises."""
        format_ = reader.kept.choices.robot
        if not format_ or not reader.kept.robot:
            raise Rejected("there is no robot any more")
        kept = self._unseal(robot_place(reader.agent.id), reader.kept.robot)
        # The address is as secret as a password, and a limit's name is told to others.
        name = hashlib.sha256(kept["url"].encode()).hexdigest()
        if wait := await self._live.limit(f"robot:{name}", robots.RATE):
            raise Slowed("more than a robot takes at once", wait)
        title, text = self._words(told, reader)
        said = title if text == title else f"{title}\n{text}"
        post = robots.post(format_, kept["url"], kept.get("secret", ""), said, self._clock())
        await about_to()
        await self._post(format_, post)

    async def _post(self, format_: str, post: robots.Post) -> None:
        try:
            url = URL(post.url, encoded=True)
            async with self._connections.http.post(url, json=post.body, allow_redirects=False) as answer:
                content = await answer.content.read(_LARGEST_ANSWER)
                after = answer.headers.get("Retry-After", "")
                error = robots.refusal(format_, answer.status, content, after)
        except aiohttp.ClientConnectorError as failed:
            if isinstance(failed.os_error, AddressRefused):
                raise Rejected(str(failed.os_error)) from None
            # Its own words hold the address, which is as secret as a password.
            raise Retryable("the robot can't be reached") from None
        except (aiohttp.InvalidURL, ValueError):
            raise Rejected("the robot's address can't be called") from None
        except (aiohttp.ClientError, OSError):
            raise Doubtful("the robot closed the connection") from None
        if error is not None:
            raise error

    def _words(self, told: Notification, reader: Reader) -> tuple[str, str]:
        title, about = words(told.kind, told.details, reader.kept.choices.language or self._language)
        page = self._link(f"/tickets/{told.ticket_id}" if told.ticket_id else "/")
        return title, "\n".join(part for part in (about, page) if part)

    def _mailboxes(self) -> list[Mail]:
        found = sorted(self._connections, key=lambda one: one.id)
        return [one.channel for one in found if one.enabled and isinstance(one.channel, Mail)]
