"""No mail holds up the desk: each killer is read or set aside, and what can't be read in time is ended."""

import asyncio
import time

import pytest

from channels.mail.parse import read
from channels.mail.reader import Readers
from tests.unit.channels.mail.killers import HEADER, KILLERS


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
    """With hardly any time a long mail takes too long; another is read by a new process."""
    slow = HEADER + b"Content-Type: text/html\r\n\r\n" + b"<p>x" * 90_000
    async with Readers(seconds=0.02) as hasty:
        first = await hasty.read(slow)
        again = await hasty.read(slow)
        read_ = await hasty.read(HEADER + b"\r\nHello\r\n")
    assert first.mail.quarantined == again.mail.quarantined == "it took more than 0.02 seconds to read"
    assert (first.mail.sender.email, read_.mail.reply_text) == ("ann@example.org", "Hello")


async def test_the_loop_goes_on_while_killers_are_read() -> None:
    """Each is read or says which limit it passes, and another task gets its turns all the while."""
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
