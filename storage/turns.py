"""Turns: lets the store's threads have the interpreter while the event loop is busy.

A thread that runs SQL lets go of the interpreter's lock for each row and has to win it back. A busy loop lets
go of it only for the few microseconds that it polls its sockets, too short for a thread to wake up in, and
the interpreter's own remedy (`sys.setswitchinterval`) starts to count anew at each of these polls: under load
a commit was seen to wait for seconds. So while the store has work in hand and the loop is busy, the loop
stands still now and then until some of that work is done.
"""

import asyncio
import threading
import time

# The loop runs for so long, then stands still for at most so long, in seconds.
RUN = 0.002
TURN = 0.002
# Between turns that the threads had no use for, because they wait for the disk.
LONGEST_RUN = 0.064


class Turns:
    """Keeps the balance between one event loop and the threads that work for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._in_hand = 0
        self._armed = False
        self._run = RUN
        self._since = (0.0, 0.0)
        self._done = threading.Event()

    def begin(self) -> None:
        """A piece of work was given to a thread. Call it on the loop, as `end`."""
        self._in_hand += 1
        if not self._armed:
            self._arm(RUN)

    def end(self, count: int = 1) -> None:
        """Pieces of work have come back to the loop."""
        self._in_hand -= count
        self._done.clear()

    def done(self) -> None:
        """Work is on its way back to the loop. Call it on the thread."""
        self._done.set()

    def _arm(self, run: float) -> None:
        self._armed = True
        self._run = run
        self._since = (time.monotonic(), time.thread_time())
        self._loop.call_later(run, self._fire)

    def _fire(self) -> None:
        self._armed = False
        if not self._in_hand:
            return
        wall, busy = time.monotonic() - self._since[0], time.thread_time() - self._since[1]
        run = RUN
        if busy > wall / 2:
            before = time.process_time()
            if not self._done.wait(TURN) and time.process_time() - before < TURN / 4:
                run = min(2 * self._run, LONGEST_RUN)
        self._arm(run)
