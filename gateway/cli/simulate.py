"""`frontdesk simulate`: the desk's own tickets, or a stated load, on its staffing as it is or changed."""

import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.opened import Data, reading
from gateway.cli.terminal import AsJson, Failure, show, show_json

if TYPE_CHECKING:
    from router.what_if import Extra, Outcome
    from router.what_if_changes import Changes
    from storage.paging import Sql

_BARS = "▁▂▃▄▅▆▇█"
_MOST_EXTRAS = 100


def simulate(  # noqa: PLR0917 - each is a flag of the command
    days: Annotated[float, typer.Option(min=0.04, max=366, help="So many days of tickets, up to now.")] = 7,
    per_hour: Annotated[float, typer.Option(min=0, help="A stated load instead: tickets an hour.")] = 0,
    handling: Annotated[float, typer.Option(min=0.01, help="Minutes a ticket, where not known.")] = 10,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add", metavar="SKILL=LEVEL,…@HOUR-HOUR", help="One more agent, at these hours (UTC)."
        ),
    ] = None,
    change: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="What else is changed: agents, queues, policies, reserve, as JSON.",
        ),
    ] = None,
    without: Annotated[list[str] | None, typer.Option(metavar="AGENT", help="One agent less.")] = None,
    seed: Annotated[int, typer.Option(help="Of the stated load.")] = 1,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Waits and promises kept by tier, occupancy, fairness: as it is, and with what is added or taken away.

    The engine is the one that serves; everybody works their shift (without one: always).
    """
    from storage import what_if as recent

    extras = [_extra(text) for text in (add or [])[:_MOST_EXTRAS]]
    changes = None if change is None else _changes(change)
    gone = set(without or [])

    def run(sql: "Sql") -> "list[tuple[str, Outcome]]":
        from router.what_if import stated, what_if
        from router.what_if_changes import Scene, changed

        desk, people, worked, now = recent.load(sql, days)
        if unknown := gone - {agent.id for agent in people} - {agent.name for agent in people}:
            raise Failure(f"There is no agent {min(unknown)}.")
        if per_hour:
            worked = stated(
                desk,
                now,
                hours=days * 24,
                per_hour=per_hour,
                handling=handling * 60,
                draw=random.Random(seed).random,  # noqa: S311 - a load to be repeated, no secret
            )
        stay = [agent for agent in people if agent.id not in gone and agent.name not in gone]
        found = [("as it is", what_if(desk, worked, people, [], handling * 60))]
        if extras or gone or changes is not None:
            scene = Scene(desk, stay, worked)
            try:
                after = scene if changes is None else changed(scene, changes)
            except ValueError as error:
                raise Failure(str(error)) from None
            found.append(("changed", what_if(after.desk, after.worked, after.people, extras, handling * 60)))
        return found

    outcomes = reading(data, run)
    if as_json:
        import msgspec

        show_json({name: msgspec.to_builtins(outcome) for name, outcome in outcomes})
        return
    _print(outcomes)


def _print(outcomes: "list[tuple[str, Outcome]]") -> None:
    rows: list[dict[str, Any]] = [
        {
            "staffing": name,
            "tier": tier.tier,
            "tickets": tier.tickets,
            "mean wait": _minutes(tier.mean_wait),
            "p80": _minutes(tier.p80_wait),
            "promises kept": f"{tier.kept:.1%}",
        }
        for name, outcome in outcomes
        for tier in outcome.tiers
    ]
    show(rows, as_json=False)
    highest = max((wait for _, outcome in outcomes for wait in outcome.by_hour), default=0.0)
    for name, outcome in outcomes:
        typer.echo(
            f"{name}: {outcome.breaches} promises broken, {outcome.unserved} tickets left, "
            f"occupancy {outcome.occupancy:.0%}, fairness {outcome.fairness:.2f}"
        )
        typer.echo(
            f"  mean wait by hour, 0-23 UTC: {_plot(outcome.by_hour, highest)} (up to {_minutes(highest)})"
        )
    if len(outcomes) > 1:
        before, after = outcomes[0][1].breaches, outcomes[1][1].breaches
        change = f"{(after - before) / before:+.0%}" if before else f"{after - before:+d}"
        typer.echo(f"The change takes broken promises from {before} to {after} ({change}).")


def _plot(waits: tuple[float, ...], highest: float) -> str:
    top = len(_BARS) - 1
    return "".join(_BARS[round(wait / highest * top) if highest else 0] for wait in waits)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"


def _changes(file: Path) -> "Changes":
    from router.what_if_changes import read

    try:
        return read(file.read_bytes())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--change") from None


def _extra(text: str) -> "Extra":
    from router.what_if import Extra

    skills, _, hours = text.partition("@")
    begin, _, end = (hours or "0-24").partition("-")
    try:
        levels = {
            name: int(level or 3)
            for name, _, level in (one.partition("=") for one in skills.split(",") if one)
        }
        found = Extra(skills=levels, begin=int(begin), end=int(end))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not SKILL=LEVEL,…@HOUR-HOUR", param_hint="--add") from None
    if not 0 <= found.begin < found.end <= 24 or any(not 1 <= level <= 5 for level in levels.values()):
        raise typer.BadParameter(f"{text!r}: hours from 0 to 24, levels from 1 to 5", param_hint="--add")
    return found
