"""`frontdesk serve`: everything in one process, from the checks before the start to the last drop drained."""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version

import uvloop

from gateway import database
from gateway.compose import composed
from gateway.first_start import Welcome, welcome
from gateway.folder import FolderError, prepare
from gateway.listening import ListenError, base_url, listen
from gateway.logs import configure
from gateway.settings import Settings
from storage.lock import AlreadyServed
from storage.secrets import SecretError
from storage.store import StoreError

Say = Callable[[str], None]


class StartError(Exception):
    """The desk can't start; the text is one sentence that says why and what to do."""


def serve(settings: Settings, *, demo: bool, say: Say) -> None:
    """Serve until SIGTERM or SIGINT; `say` tells the terminal what runs where. Raises `StartError`."""
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
                runner.run(_serve(settings, listening, demo, say))
            except (SecretError, StoreError) as error:
                raise StartError(f"The desk in {settings.data} can't be opened: {error}.") from error


async def _serve(settings: Settings, listening: socket.socket, demo: bool, say: Say) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    found = await welcome(settings, demo=demo)
    # The password is told before anything else can go wrong: nobody could know it later.
    _say_all(say, sign_in(found))
    async with composed(settings, listening):
        _say_all(say, places(settings, base_url(listening, settings.public_url), found))
        await told.wait()
        # Asked once, it finishes what it has in hand; asked again, it goes at once. Neither loses anything.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        say("Stopping: finishing what is in hand.")


def sign_in(found: Welcome) -> list[str]:
    """Who can sign in, and on the first start with what."""
    if not found.password:
        return [f"  Sign in as        {found.admin}"]
    return [
        f"  Sign in as        {found.admin}",
        f"  Password          {found.password}   (shown this once)",
    ]


def places(settings: Settings, url: str, found: Welcome) -> list[str]:
    """What runs where, and on the demo's first start how to send it a message."""
    lines = [
        f"  Inbox and admin   {url}/",
        f"  Demo shop         {url}/demo",
        f"  API               {url}/docs",
        "",
        f"Frontdesk {version('frontdesk')} is running; its data is in {settings.data.resolve()}.",
    ]
    if found.call:
        lines += ["To send a message as a customer's system would, paste these three lines:", ""]
        lines += [line.replace("{url}", url) for line in found.call]
    return [*lines, ""]


def _say_all(say: Say, lines: list[str]) -> None:
    for line in lines:
        say(line)
