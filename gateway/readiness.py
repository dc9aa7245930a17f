"""What must hold for a process to be ready, asked all at once."""

import asyncio
from collections.abc import Mapping

from gateway.parts import Check

OK = "ok"
# A check that has not answered by then has failed.
_SECONDS = 5


async def outcomes(checks: Mapping[str, Check]) -> dict[str, str]:
    """What each check came to: `OK`, or why not, in words that operators may see."""
    names = sorted(checks)
    return dict(zip(names, await asyncio.gather(*(_outcome(checks[name]) for name in names)), strict=True))


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(_SECONDS):
            await check()
    except TimeoutError:
        return f"no answer within {_SECONDS} s"
    except Exception as error:
        return str(error) or type(error).__name__
    return OK
