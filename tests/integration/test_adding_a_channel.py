"""The page that tells how to add a channel is true: its code is installed, tested and talked to."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from channels import registry
from tests.eventually import eventually
from tests.feed import install
from tests.integration.conftest import Desk

PAGE = Path(__file__).parents[2] / "docs" / "ADDING_A_CHANNEL.md"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's channel, as another distribution installs it; its tests lie beside it."""
    channel, tests = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / "installed"
    install(folder, "pager = pager:Pager")
    (folder / "pager.py").write_text(channel, encoding="utf-8")
    (folder / "test_pager.py").write_text(tests, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    registry.kinds.cache_clear()
    return folder


def test_its_channel_passes_the_conformance_tests(installed: Path) -> None:
    """As its author would run them."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--asyncio-mode=auto",
            "test_pager.py",
        ],
        cwd=installed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


async def test_its_channel_answers_and_survives_a_429(installed: Path, desk: Desk) -> None:
    """What a user writes by the hook is answered, after the platform had asked to wait."""
    taken: list[str] = []
    answers = [429]

    async def pages(request: web.Request) -> web.Response:
        if answers:
            return web.Response(status=answers.pop(), headers={"Retry-After": "0"})
        taken.append((await request.json())["text"])
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/pages", pages)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    given = {"kind": "pager", "name": "Pager", "settings": {"url": url, "key": "a secret key"}}
    made = await desk.ask("POST", "/api/v1/channels", given)
    assert made.status == 201, made.body
    body = b'{"id": "p-1", "user": "u-7", "text": "my kitchen ceiling dripped purple paint"}'
    hook = f"/hooks/{made.body['id']}"
    answer = await desk.ask("POST", hook, role=None, data=body, headers={"X-Pager-Key": "a secret key"})
    assert answer.status == 202

    async def answered() -> bool:
        return bool(taken)

    try:
        await eventually(answered)
    finally:
        await runner.cleanup()
    assert answers == []
