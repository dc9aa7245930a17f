"""A benchmark as a command: less of it with --quick, JSON with --json, and why it could not measure."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import aiohttp
import msgspec
import uvloop

from tests.bench.load import LoadError

T = TypeVar("T")


def run(
    prog: str,
    description: str,
    measure: Callable[[bool], Coroutine[Any, Any, T]],
    formatted: Callable[[T], str],
    first: str = "",
) -> int:
    """Measure, quickly or not, and print; 1 when that was not possible. `first` is said to people before."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    if first and not asked.json:
        print(first, flush=True)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(measure(asked.quick))
    except (LoadError, AssertionError, OSError, aiohttp.ClientError) as error:
        print(f"It could not be measured: {error}", file=sys.stderr)
        return 1
    print(msgspec.json.encode(found).decode() if asked.json else formatted(found))
    return 0
