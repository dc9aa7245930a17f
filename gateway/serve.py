"""`frontdesk serve` and `worker`: a process from the checks before the start to the last drop drained."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, ExitStack
from importlib.metadata import version
from typing import Any

import uvloop

from gateway import database
from gateway.compose import composed, composed_worker
from gateway.first_start import Welcome, welcome
from gateway.folder import FolderError, prepare
from gateway.listening import ListenError, base_url, listen
from gateway.logs import configure
from gateway.parts import Process
from gateway.roles import Role
from gateway.settings import Settings
from storage.lock import AlreadyServed
from storage.secrets import SecretError
from storage.store import StoreError

Say = Callable[[str], None]
# A process that was told to stop ends within so many seconds, whatever hangs; nothing is lost by it.
STOP_SECONDS = 29
DEFAULT_DATA = Settings.model_fields["data"].default
# New objects between two collections of the youngest; a batch of messages makes about so many.
YOUNG = 20_000


class StartError(Exception):
    """The desk can't start; the text is one sentence that says why and what to do."""


def serve(settings: Settings, *, demo: bool, say: Say) -> None:
    """Serve with every role until SIGTERM or SIGINT; `say` tells the terminal what runs where.

    Raises `StartError`.
    """
    _run(settings, lambda listening: _serve(settings, listening, demo, say))


def work(settings: Settings, role: Role, *, say: Say) -> None:
    """Do one role's work until SIGTERM or SIGINT. Raises `StartError`."""
    _run(settings, lambda listening: _work(settings, listening, role, say))


def _run(settings: Settings, main: Callable[[socket.socket], Coroutine[Any, Any, None]]) -> None:
    configure(settings)
    with ExitStack() as held:
        try:
            prepare(settings)
            held.enter_context(database.alone(settings))
            listening = held.enter_context(listen(settings.host, settings.port))
        except AlreadyServed as error:
            raise StartError(
                f"{error}: stop it, or choose another folder with --data or FRONTDESK_DATA."
            ) from error
        except (FolderError, ListenError, StoreError) as error:
            raise StartError(str(error)) from error
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                runner.run(main(listening))
            except (SecretError, StoreError) as error:
                raise StartError(f"The desk in {settings.data} can't be opened: {error}.") from error


async def _serve(settings: Settings, listening: socket.socket, demo: bool, say: Say) -> None:
    told = _told()
    found = await welcome(settings, demo=demo)
    # The password is told before anything else can go wrong: nobody could know it later.
    _say_all(say, sign_in(found))
    lines = places(settings, base_url(listening, settings.public_url), found)
    await _until(told, composed(settings, listening), lines, say)


async def _work(settings: Settings, listening: socket.socket, role: Role, say: Say) -> None:
    told = _told()
    url = base_url(listening, "")
    lines = [f"Frontdesk {version('frontdesk')}, role {role}, is running and answers on {url}/readyz."]
    if role == "gateway":
        lines = [*sign_in(await welcome(settings, demo=False)), *lines]
    await _until(told, composed_worker(settings, listening, role), lines, say)


def _told() -> asyncio.Event:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


async def _until(
    told: asyncio.Event, opening: AbstractAsyncContextManager[Process], lines: list[str], say: Say
) -> None:
    # The middle generation by sixty thousand, so that no pause is longer than 25 ms: ten thousand rules being
    # compiled are half a million objects, and the loop waits while they are looked through.
    gc.set_threshold(YOUNG, 2, 500)
    async with opening as process:
        _spare_collector()
        _say_all(say, lines)
        await told.wait()
        # Asked once, it finishes what it has in hand; asked again, it goes at once. Neither loses anything.
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)
        # By the kernel's clock: it rings whatever the loop is doing.
        signal.alarm(STOP_SECONDS)
        process.checks["stopping"] = _stopping
        say("Stopping: finishing what is in hand.")


def _spare_collector() -> None:
    """Leave out of every later garbage collection what was loaded for good.

    It is asked for less often besides. A busy desk makes and drops values by the thousand; looking through
    all modules and rules for each of them is a fifth of its time, in pauses of tens of milliseconds.
    """
    gc.collect()
    gc.freeze()


async def _stopping() -> None:
    raise RuntimeError("it was told to stop")


def sign_in(found: Welcome) -> list[str]:
    """Who can sign in, and on the first start with what."""
    if not found.password:
        return [f"  Sign in as        {found.admin}"]
    return [
        f"  Sign in as        {found.admin}",
        f"  Password          {found.password}   (shown this once)",
    ]


def _elsewhere(settings: Settings) -> list[str]:
    """How commands find a desk that is not where they look by themselves."""
    if settings.data == DEFAULT_DATA or settings.database_url is not None:
        return []
    return [f"Commands find it with: export FRONTDESK_DATA={settings.data.resolve()}"]


def places(settings: Settings, url: str, found: Welcome) -> list[str]:
    """What runs where, and on the demo's first start how to send it a message."""
    lines = [
        f"  Inbox             {url}/",
        f"  Demo shop         {url}/demo",
        f"  API               {url}/docs",
        "",
        f"Frontdesk {version('frontdesk')} is running; its data is in {settings.data.resolve()}.",
        *_elsewhere(settings),
    ]
    if found.call:
        lines += ["To send a message as a customer's system would, paste these three lines:", ""]
        lines += [line.replace("{url}", url) for line in found.call]
    return [*lines, ""]


def _say_all(say: Say, lines: list[str]) -> None:
    for line in lines:
        say(line)
