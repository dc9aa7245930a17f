"""Notifications leave the desk: by mail and robot, once, as their readers chose."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec.structs import replace

from bus.memory import MemoryLive
from channels.mail.settings import MailSettings
from channels.protocol import Tools
from channels.settings import configure
from gateway import callbacks
from router.lifecycle import agent_replied, assign
from router.notice_choices import Choices
from storage import agents, channels, notification_choices, notification_deliveries, notifications
from storage.secrets import Secrets
from storage.store import Tx
from tests.integration.office import STRANGE, Office, joins, office_in, office_on
from tests.services.certificates import certificates
from tests.services.servers import Servers
from tests.services.smtp import SmtpServer
from workers import inbox, notices
from workers.connections import Connections
from workers.notifier import Notifier
from workers.reaching import Reaching, robot_place

SECRETS = Secrets(bytes(32))


@pytest.fixture(scope="module")
def smtp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmtpServer]:
    """A server that takes mail."""
    server = SmtpServer(
        tmp_path_factory.mktemp("smtp"), certificates(tmp_path_factory.mktemp("certificates"))
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Room:
    """An office whose people are told, the mail server, and a robot's platform."""

    def __init__(self, office: Office, smtp: SmtpServer, connections: Connections) -> None:
        self.office, self._smtp, self._connections = office, smtp, connections
        self._before = len(smtp.taken())
        self.posted: list[dict[str, Any]] = []
        self.answers: list[web.Response] = []
        self.url = ""

    def notifier(self, owner: str = "one") -> Notifier:
        """A process's notifier."""
        reaching = Reaching(
            connections=self._connections,
            unseal=SECRETS.open,
            live=MemoryLive(lambda: self.office.clock().timestamp()),
            clock=self.office.clock,
            link=lambda path: f"https://desk.example{path}",
            language="en",
        )
        return Notifier(
            store=self.office.store,
            setup=self.office.setup,
            reaching=reaching,
            random=lambda: 0.0,
            owner=owner,
            alone=False,
        )

    async def tells(self, notifier: Notifier | None = None) -> None:
        """Everything that is due goes out."""
        notifier = notifier or self.notifier()
        for _ in range(2):
            await notifier.step()
            await notifier.rest()

    async def chooses(self, agent: str, secret: str = "", **chosen: Any) -> None:
        """An agent's choices; a robot is at this platform."""
        robot = (
            SECRETS.seal(robot_place(agent), {"url": self.url, "secret": secret})
            if chosen.get("robot")
            else b""
        )
        save = partial(
            notification_choices.save, agent_id=agent, choices=Choices(**chosen), robot=robot, before=0
        )
        await self.office.store.write(save)

    async def sla(self, minutes: float = 45) -> None:
        """Ana has a ticket, of whose promise so many minutes of sixty are over."""
        await self.office.say(STRANGE)
        ticket, desk = await self.office.ticket(), (await self.office.setup.get()).desk
        await self.office.store.write(lambda tx: inbox.save(tx, ticket, assign(ticket, "ana", tx.now, desk)))
        self.office.clock.forward(minutes=minutes)
        while await self.office.clocks.step():
            pass

    def mails(self) -> list[tuple[str, str]]:
        """(recipient, subject) of what was mailed, oldest first."""
        return [(one.recipients[0], str(one.mail["Subject"])) for one in self._smtp.taken()[self._before :]]

    async def states(self) -> list[tuple[str, str, str]]:
        """(way, state, error) of every delivery."""
        found = await self.office.rows("notification_deliveries", "way", "state", "error")
        return [tuple(line) for line in found]

    async def robot(self) -> tuple[str, str, str]:
        """The delivery to the robot."""
        return next(one for one in await self.states() if one[0] == "robot")

    async def take(self, request: web.Request) -> web.Response:
        """The platform's end."""
        self.posted.append(await request.json())
        return self.answers.pop(0) if self.answers else web.json_response({"errcode": 0, "code": 0})


@asynccontextmanager
async def _room(office: Office, smtp: SmtpServer) -> AsyncIterator[Room]:
    given = {"address": "desk@desk.example", "name": "Desk", "smtp": smtp.settings, "notices": True}
    made = configure(MailSettings, given)
    sealed = SECRETS.seal("ch_mail", made.secret)
    await office.store.write(
        lambda tx: channels.add(tx, "ch_mail", "email", "Mail", settings=made.public, sealed=sealed)
    )
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(callbacks.session([ip_network("127.0.0.0/8")]))
        tools = Tools(http=http, fetch=None, now=office.clock)  # type: ignore[arg-type]
        connections = await stack.enter_async_context(Connections(office.store, tools, SECRETS.open))
        room = Room(office, smtp, connections)
        app = web.Application()
        app.router.add_post("/robot", room.take)
        server = await stack.enter_async_context(TestServer(app))
        room.url = str(server.make_url("/robot"))
        yield room


@pytest.fixture(params=["sqlite", "postgresql"])
async def room(
    request: pytest.FixtureRequest, tmp_path: Path, servers: Servers, smtp: SmtpServer
) -> AsyncIterator[Room]:
    """An office with an agent and a supervisor, at each end of the store."""
    sqlite = request.param == "sqlite"
    async with office_in(tmp_path) if sqlite else office_on(servers.postgresql, tmp_path) as office:
        await office.store.write(joins("ana"))
        await office.store.write(joins("sue", role="supervisor", presence="offline"))
        async with _room(office, smtp) as made:
            yield made


SAID = "#1001: 75 % of the time for the first reply is used"


async def test_a_promise_at_risk_is_one_mail(room: Room, smtp: SmtpServer) -> None:
    """To whoever has the ticket, in the words of the desk, answered by no program; nothing more is sent."""
    await room.sla()
    await room.tells()
    await room.tells(room.notifier("another"))
    assert room.mails() == [("ana@example.org", SAID)]
    mail = smtp.taken()[-1].mail
    ticket = await room.office.ticket()
    page = f"https://desk.example/tickets/{ticket.id}"
    assert str(mail.get_content()).splitlines() == [ticket.subject, page]
    assert (mail["From"], mail["Auto-Submitted"]) == ("Desk <desk@desk.example>", "auto-generated")
    assert await room.states() == [("email", "sent", "")]


async def test_a_mail_that_is_put_off_keeps_its_message_id(room: Room, smtp: SmtpServer) -> None:
    """451 now, taken later: one mail; an address that is refused is not tried again."""
    await room.office.store.write(joins("later", email="later@example.org"))
    await room.office.store.write(joins("never", email="never@example.org"))
    for agent in ("later", "never"):
        await room.office.store.write(partial(notices.trying, agent_id=agent))
    await room.tells()
    assert sorted(state for _, state, _ in await room.states()) == ["failed", "queued"]

    def moves(tx: Tx) -> None:
        agents.save(tx, replace(agents.get(tx.sql, "later").agent, email="now@example.org"))

    await room.office.store.write(moves)
    await room.tells()
    assert room.mails() == []
    room.office.clock.forward(seconds=5)
    await room.tells()
    assert room.mails() == [("now@example.org", "This is how the desk reaches you")]
    assert "ntf_" in str(smtp.taken()[-1].mail["Message-ID"])


async def test_what_is_no_longer_so_is_not_sent(room: Room) -> None:
    """Answered, read, or given to somebody else meanwhile."""
    await room.sla()
    ticket, desk = await room.office.ticket(), (await room.office.setup.get()).desk
    await room.office.store.write(
        lambda tx: inbox.save(tx, ticket, agent_replied(ticket, "ana", tx.now, desk))
    )
    await room.tells()
    await room.office.store.write(lambda tx: notices.trying(tx, "ana"))
    await room.office.store.write(lambda tx: notifications.read(tx, "ana", up_to="ntf_z"))
    await room.tells()
    assert room.mails() == []
    assert sorted((state, why) for _, state, why in await room.states()) == [
        ("dropped", "it is no longer so"),
        ("dropped", "it was read in the desk"),
    ]


async def test_quiet_hours_hold_back_until_they_are_over(room: Room) -> None:
    """Then it is looked at again; what is still so arrives."""
    await room.chooses("ana", quiet_from="09:30", quiet_to="10:00")
    await room.sla()
    await room.tells()
    assert room.mails() == []
    room.office.clock.forward(minutes=15)
    await room.tells()
    assert room.mails() == [("ana@example.org", SAID)]


async def test_a_claim_that_was_left_is_sent_again_or_in_doubt(room: Room) -> None:
    """Again where nothing was given away yet; else nobody can tell, and no second mail goes out."""
    await room.sla()
    store, office = room.office.store, room.office

    def left(tx: Tx) -> None:
        (fresh,) = notification_deliveries.to_spread(tx.sql, 10)
        notification_deliveries.spread(tx, {fresh.id: {"email": tx.now, "robot": tx.now}})
        for claim in notification_deliveries.claim(tx, "dead", 10):
            if claim.way == "robot":
                assert notification_deliveries.hand(tx, "dead", claim)

    await store.write(left)
    await room.tells()
    assert room.mails() == []
    office.clock.forward(seconds=61)
    await room.tells()
    assert room.mails() == [("ana@example.org", SAID)]
    assert [(way, state) for way, state, _ in await room.states()] == [
        ("email", "sent"),
        ("robot", "in_doubt"),
    ]
    (event,) = await office.events("notification.lost")
    assert event.data == {"agent": "ana", "way": "robot", "state": "in_doubt"}


async def test_who_stood_still_gives_nothing_away(room: Room) -> None:
    """A claim that has lapsed can't be handed over any more."""
    await room.office.store.write(lambda tx: notices.trying(tx, "ana"))

    def claims(tx: Tx) -> list[notification_deliveries.Claim]:
        (fresh,) = notification_deliveries.to_spread(tx.sql, 10)
        notification_deliveries.spread(tx, {fresh.id: {"email": tx.now}})
        return notification_deliveries.claim(tx, "slow", 10)

    (claim,) = await room.office.store.write(claims)
    room.office.clock.forward(seconds=61)
    assert not await room.office.store.write(lambda tx: notification_deliveries.hand(tx, "slow", claim))


@pytest.mark.parametrize(
    ("robot", "body"),
    [
        ("wecom", {"msgtype": "text"}),
        ("dingtalk", {"msgtype": "text"}),
        ("feishu", {"msg_type": "text"}),
        ("slack", {"mrkdwn": False}),
    ],
)
async def test_a_robot_is_told_in_its_own_form(room: Room, robot: Any, body: dict[str, Any]) -> None:
    """And by mail nothing, where that was chosen."""
    await room.chooses("ana", "s3cret", robot=robot, ways={"sla_risk": ("robot",)})
    await room.sla()
    await room.tells()
    (posted,) = room.posted
    assert posted.items() >= body.items()
    assert "75 %" in str(posted)
    assert f"https://desk.example/tickets/{(await room.office.ticket()).id}" in str(posted)
    assert (room.mails(), await room.states()) == ([], [("robot", "sent", "")])


async def test_a_robot_that_asks_for_less_is_told_later(room: Room) -> None:
    """And one that refuses says why; the address is in no error."""
    await room.chooses("ana", robot="wecom", ways={"test": ()})
    room.answers = [
        web.json_response({"errcode": 45009, "errmsg": "freq"}),
        web.json_response({"errcode": 93000, "errmsg": "invalid webhook url"}),
    ]
    await room.office.store.write(lambda tx: notices.trying(tx, "ana"))
    await room.tells()
    assert await room.robot() == ("robot", "queued", "the robot asks for fewer messages (45009)")
    room.office.clock.forward(seconds=61)
    await room.tells()
    assert await room.robot() == ("robot", "failed", "the robot answered 93000 invalid webhook url")
    assert len(room.posted) == 2


async def test_a_desk_that_writes_to_itself_is_refused(room: Room) -> None:
    """An agent whose address is a mailbox of the desk's would open a ticket with each mail."""
    await room.office.store.write(joins("box", email="desk@desk.example"))
    await room.office.store.write(lambda tx: notices.trying(tx, "box"))
    await room.tells()
    ((_, state, why),) = await room.states()
    assert (state, why) == ("failed", "the address is a mailbox of the desk's: it would write to itself")


async def test_news_of_yesterday_is_given_up(room: Room) -> None:
    """A mail server that is away for a day."""
    await room.office.store.write(joins("later", email="later@example.org"))
    await room.office.store.write(lambda tx: notices.trying(tx, "later"))
    states = []
    for _ in range(9):
        await room.tells()
        states += [state for _, state, _ in await room.states()]
        room.office.clock.forward(hours=4)
    assert states == ["queued"] * 6 + ["failed"] * 3


async def test_two_senders_tell_each_person_once(room: Room) -> None:
    """Whoever claims it sends it, however many look at once."""
    names = [f"a{number:02}" for number in range(30)]
    for name in names:
        await room.office.store.write(joins(name))
        await room.office.store.write(partial(notices.trying, agent_id=name))
    senders = [room.notifier("one"), room.notifier("two")]
    for _ in range(3):
        await asyncio.gather(*(sender.step() for sender in senders))
        await asyncio.gather(*(sender.rest() for sender in senders))
    assert sorted(to for to, _ in room.mails()) == [f"{name}@example.org" for name in names]
