"""`frontdesk sla` and `frontdesk assign`: the engines alone, with the clock in the input."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.lines import answer_each
from gateway.cli.opened import Data, reading


def sla() -> None:
    """Read SLA clocks, as JSON lines.

    A line on stdin holds calendars, a policy and events; a line on stdout what the clock says.
    """
    from router.sla_stream import answer

    answer_each(answer)


def assign(
    logged: Annotated[
        bool,
        typer.Option("--logged", help="Print what this desk's own engine was told last, to be replayed."),
    ] = False,
    data: Data = None,
) -> None:
    """Assign tickets to agents, as JSON lines.

    An event a line on stdin, the offers it brings on stdout. The first line is the config. A line that is
    wrong is answered with {"error", "line"} and changes nothing.
    """
    import gc

    if logged:
        _print_logged(data)
        return

    from router.assignment_stream import Session

    # The engine makes no cycles, and looking for them among 100,000 tickets takes a tenth of a second.
    gc.disable()
    answer_each(Session().feed)


def _print_logged(data: Path | None) -> None:
    from storage import assignment

    for line in reading(data, assignment.logged):
        sys.stdout.buffer.write(line + b"\n")
