"""A mailbox of a desk, the mail that comes to it and what is sent from it."""

from io import BytesIO
from typing import Any

from tests.eventually import eventually
from tests.integration.conftest import Desk
from tests.services.smtp import SmtpServer, Taken


class Mailbox:
    """A mailbox of a desk, and the world that writes to it."""

    def __init__(self, desk: Desk, channel: dict[str, Any], smtp: SmtpServer) -> None:
        self.desk, self.id, self.smtp = desk, channel["id"], smtp
        self._secret = channel["secrets"]["hook_secret"]

    async def post(self, raw: str | bytes) -> Any:
        """Deliver a mail as a provider does."""
        content = raw.encode() if isinstance(raw, str) else raw
        headers = {"Authorization": f"Bearer {self._secret}", "Content-Type": "message/rfc822"}
        answer = await self.desk.ask(
            "POST", f"/hooks/{self.id}", data=BytesIO(content), headers=headers, role=None
        )
        assert answer.status == 202
        return answer.body

    async def write(self, text: str, **fields: str) -> Any:
        """Deliver a plain mail with these fields (`message_id="<1@x>"`)."""
        usual = {"from": "Ann <ann@example.org>", "to": "support@desk.example", "subject": "Lamp"}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in (usual | fields).items())
        return await self.post(f"{head}\r\n{text}\r\n")

    async def tickets(self, count: int) -> list[dict[str, Any]]:
        """The channel's tickets, once there are so many; oldest first."""

        async def look() -> list[dict[str, Any]]:
            listed = await self.desk.ask("GET", f"/api/v1/tickets?channel={self.id}")
            found: list[dict[str, Any]] = listed.body["data"]
            return found if len(found) >= count else []

        found = await eventually(look, 60)
        return sorted(found, key=lambda ticket: ticket["number"])

    async def messages(self, conversation: str, count: int) -> list[dict[str, Any]]:
        """A conversation's messages, once there are so many."""

        async def look() -> list[dict[str, Any]]:
            listed = await self.desk.ask("GET", f"/api/v1/conversations/{conversation}/messages")
            found: list[dict[str, Any]] = listed.body["data"]
            return found if len(found) >= count else []

        found = await eventually(look, 60)
        return found

    async def reply(self, ticket: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
        """An agent's reply."""
        path = f"/api/v1/tickets/{ticket['id']}/replies"
        answer = await self.desk.ask("POST", path, {"text": text, **more})
        assert answer.status == 201, answer.body
        found: dict[str, Any] = answer.body
        return found

    async def sent(self, count: int, text: str = "") -> list[Taken]:
        """What the server has taken with these words, once there is so much."""

        async def look() -> list[Taken]:
            found = [one for one in self.smtp.taken() if text in text_of(one)]
            return found if len(found) >= count else []

        return await eventually(look, 60)

    async def delivery(self, ticket: dict[str, Any], message: str, state: str) -> dict[str, Any]:
        """How far a message has come, once it is so far."""

        async def look() -> dict[str, Any] | None:
            for line in await self.messages(ticket["conversation_id"], 1):
                told: dict[str, Any] | None = line["delivery"]
                if line["id"] == message and told and told["state"] == state:
                    return told
            return None

        found = await eventually(look, 60)
        assert found is not None
        return found


def text_of(taken: Taken) -> str:
    body = taken.mail.get_body(("plain",))
    assert body is not None
    found: str = body.get_content()
    return found


async def opened(desk: Desk, smtp: SmtpServer, **settings: Any) -> Mailbox:
    """A mailbox that sends through the server."""
    given = {"address": "support@desk.example", "smtp": smtp.settings, **settings}
    made = await desk.ask("POST", "/api/v1/channels", {"kind": "email", "name": "Support", "settings": given})
    assert made.status == 201, made.body
    return Mailbox(desk, made.body, smtp)


def bounce(message_id: str, recipient: str) -> str:
    """A report that a mail came back for good."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n"
        "--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 gone\r\n\r\n--r\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: {message_id}\r\n\r\nx\r\n--r--\r\n"
    )
