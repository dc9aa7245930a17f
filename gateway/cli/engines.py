"""`frontdesk sla` and `frontdesk assign`: the engines alone, with the clock in the input."""

from gateway.cli.lines import answer_each


def sla() -> None:
    """Read SLA clocks, as JSON lines.

    A line on stdin holds calendars, a policy and events; a line on stdout what the clock says.
    """
    from router.sla_stream import answer

    answer_each(answer)


def assign() -> None:
    """Assign tickets to agents, as JSON lines.

    An event a line on stdin, the offers it brings on stdout. The first line is the config. A line that is
    wrong is answered with {"error", "line"} and changes nothing.
    """
    import gc

    from router.assignment_stream import Session

    # The engine makes no cycles, and looking for them among 100,000 tickets takes a tenth of a second.
    gc.disable()
    answer_each(Session().feed)
