"""Each address switches its own part to a real server and leaves the others embedded."""

import base64
from pathlib import Path

import aiohttp

from tests.customer_system import CustomerSystem
from tests.desk import running_desk
from tests.eventually import eventually
from tests.roles import fleet_on
from tests.services.servers import Servers

ECHO = {
    "id": "echo",
    "name": "Echo",
    "stage": "respond",
    "on": True,
    "then": [{"reply": "{{ message.text }}"}],
}


def files(folder: Path) -> set[str]:
    """What the data folder holds, by name; blobs by their folder's."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.parts[0] for path in found}


async def echoed(url: str, token: str, text: str) -> list[str]:
    """Set up a channel whose every message is said back, send it one; returns what came back."""
    headers = {"Authorization": f"Bearer {token}"}
    async with CustomerSystem() as shop, aiohttp.ClientSession(url, headers=headers) as api:
        rules = {"publish": True, "note": "echo", "rules": [ECHO]}
        async with api.put("/api/v1/routing/rules", json=rules) as answer:
            assert answer.status == 200
        body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": shop.callback_url}}
        async with api.post("/api/v1/channels", json=body) as answer:
            made = await answer.json()
        shop.connect(url, made["id"], made["secrets"]["secret"])

        async def taken() -> bool:
            return (await shop.post({"id": "m-1", "from": {"id": "u-1"}, "text": text}))[0] == 202

        await eventually(taken)
        return [said["text"] for said in await shop.said(1)]


async def test_a_broker_alone(servers: Servers) -> None:
    """With RabbitMQ and nothing else the desk is one process on its file, and a message goes all the way."""
    with running_desk(amqp_url=servers.rabbitmq.new_vhost()) as desk:
        assert await echoed(desk.url, desk.token(), "hello") == ["hello"]
        assert {"frontdesk.db", "secret.key"} <= files(desk.data)


async def test_a_database_alone_and_the_key_as_a_setting(servers: Servers) -> None:
    """Roles on one PostgreSQL pass messages to each other through it; with the key given no file is made."""
    key = base64.b64encode(bytes(range(32))).decode()
    with fleet_on(servers, amqp_url="", redis_url="", secret_key=key) as fleet:
        gateway = fleet.start("gateway", "inbound", "outbound", "relay")[0]
        token = fleet.run("token", "create", "--name", "t", "--role", "admin").strip()
        assert await echoed(gateway.url, token, "hello") == ["hello"]
        assert files(Path(fleet.env["FRONTDESK_DATA"])) == set()
