"""No mail holds up the desk: each killer is read or set aside, and what can't be read in time is ended."""

import asyncio
import time

import pytest

from channels.mail.parse import read
from channels.mail.reader import Readers
from tests.unit.channels.mail.killers import HEADER, KILLERS


@pytest.mark.parametrize("name", KILLERS)
def test_each_killer_is_read_or_set_aside(name: str) -> None:
    """What passes a limit says which; the rest is read."""
    raw, why = KILLERS[name]
    assert read(raw).mail.quarantined == why


@pytest.mark.parametrize("name", ["50,000 parts", "26 MB", "30,000 nested divs"])
def test_a_mail_set_aside_still_says_whose_it_is(name: str) -> None:
    """Its header is told as far as it can be read."""
    mail = read(KILLERS[name][0]).mail
    assert (mail.sender.email, mail.subject, mail.message_id) == (
        "ann@example.org",
        "hi",
        "<1@example.org>",
    )


async def test_a_reader_that_takes_too_long_is_ended_and_the_next_mail_is_read() -> None:
    """With no time at all every mail takes too long; with the usual time one is read by a new process."""
    slow = HEADER + b"Content-Type: text/html\r\n\r\n" + b"<p>x" * 90_000
    async with Readers(seconds=-0.45) as hasty:
        first = await hasty.read(slow)
        again = await hasty.read(slow)
    async with Readers() as readers:
        read_ = await readers.read(HEADER + b"\r\nHello\r\n")
    assert first.mail.quarantined == again.mail.quarantined == "it took more than -0.45 seconds to read"
    assert (first.mail.sender.email, read_.mail.reply_text) == ("ann@example.org", "Hello")


async def test_the_loop_goes_on_while_killers_are_read() -> None:
    """Another task gets its turns all the while."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.process_time()
            await asyncio.sleep(0)
            longest = max(longest, time.process_time() - before)
            await asyncio.sleep(0.005)

    async with Readers() as readers:
        await readers.read(HEADER + b"\r\nHello\r\n")
        watcher = asyncio.create_task(watch())
        found = [(await readers.read(raw)).mail.quarantined for raw, _ in KILLERS.values()]
        watcher.cancel()
    assert found == [why for _, why in KILLERS.values()]
    # Time of this process alone, so that a busy machine counts for nothing.
    assert longest < 0.05
