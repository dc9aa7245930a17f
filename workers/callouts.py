"""The caller: makes the calls that rules asked for, signed as Standard Webhooks 1.0, until they are answered.

A call is a row. Whoever claims it has a minute; if the process dies the row is due again, so a receiver may
be called twice with the same `webhook-id`. Only addresses that the guard permits are reached, and no redirect
is followed.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

import aiohttp
import msgspec
import structlog

from channels.protocol import AddressRefused
from channels.webhook.signature import Signer, sign
from storage import rule_calls
from storage.rule_calls import Call
from storage.store import Store, StoreUnavailable, Tx
from workers.outbound import delay

log = structlog.get_logger()
RULE_CALLS: Final = "rule calls"
"""What the key that signs them is derived for."""
_EVERY_S: Final = 1.0
_AT_ONCE: Final = 10
_TIMEOUT_S: Final = 15.0
_CLAIMED: Final = timedelta(seconds=60)
_LONGEST_ERROR: Final = 200


class Caller:
    """Makes calls; any number of processes may."""

    def __init__(
        self, *, store: Store, http: aiohttp.ClientSession, key: bytes, random: Callable[[], float]
    ) -> None:
        self._store, self._http, self._key, self._random = store, http, key, random

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            with suppress(StoreUnavailable):
                while await self.step():
                    pass
            await asyncio.sleep(_EVERY_S)

    async def step(self) -> int:
        """Make the calls that are due; returns how many."""
        taken = await self._store.write(_claim)
        await asyncio.gather(*(self._finish(call) for call in taken))
        return len(taken)

    async def _finish(self, call: Call) -> None:
        error = await self._call(call)
        await self._store.write(lambda tx: self._keep(tx, call, error))

    def _keep(self, tx: Tx, call: Call, error: str | None) -> None:
        if error is None:
            rule_calls.ended(tx, call.id)
            return
        wait = delay(call.attempts, None, self._random)
        log.warning("a rule's call failed", call=call.id, attempts=call.attempts, reason=error)
        again = None if wait is None else tx.now + timedelta(seconds=wait)
        rule_calls.failed(tx, call.id, error, again)

    async def _call(self, call: Call) -> str | None:
        """Why it failed, in words; None where it was answered with a 2xx."""
        body = msgspec.json.encode(call.body)
        # The moment of this attempt, as receivers check it.
        now = int((call.due_at - _CLAIMED).timestamp())
        headers = {"content-type": "application/json", **sign(Signer((self._key,)), call.id, now, body)}
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with self._http.post(
                call.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                return None if 200 <= answer.status < 300 else f"answered {answer.status}"
        except aiohttp.ClientConnectorError as error:
            # The guard's reason is inside; the client's own words would hide it.
            refused = isinstance(error.os_error, AddressRefused)
            return str(error.os_error if refused else error)[:_LONGEST_ERROR]
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return (str(error) or type(error).__name__)[:_LONGEST_ERROR]


def _claim(tx: Tx) -> list[Call]:
    due = rule_calls.due(tx.sql, tx.now, _AT_ONCE)
    return rule_calls.claim(tx, [call.id for call in due], tx.now + _CLAIMED) if due else []
