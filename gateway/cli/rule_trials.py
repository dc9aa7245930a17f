"""`frontdesk rules explain|backtest|trials`: decisions made again, one or all of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.opened import Data, reading
from gateway.cli.terminal import AsJson, Failure, show, show_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.explaining import Replayed
    from router.rules.engine import RuleSet, Step
    from storage.rules import Lists

_AT_ONCE = 500


def explain(  # noqa: PLR0917 - each is an option
    replay: Annotated[str, typer.Option("--replay", help="A decision's id, such as dec_12.")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Change an input first: message.event.text=…, context.customer.tier=gold."
        ),
    ] = None,
    rules_file: Annotated[Path | None, typer.Option("--rules", help="Decide by this file instead.")] = None,
    version: Annotated[int | None, typer.Option(help="Decide by this version instead.")] = None,
    queue: Annotated[str | None, typer.Option("--why-not", help="Why did it not go to this queue?")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Make a decision again from its stored context: what each rule compared with what.

    Exits 1 where nothing was changed and the decision is not byte for byte the stored one; where other code
    made that one, only where something else comes of it.
    """
    from gateway import explaining
    from router.rules.form import RuleErrors
    from storage.store import Missing
    from workers.setup import compiled_version

    try:
        stored = reading(data, lambda sql: explaining.looked_up(sql, replay, version))
    except Missing as missing:
        raise Failure(f"{str(missing).capitalize()}.") from None
    edits = _edits(set_ or [])
    try:
        current = stored.version
        compiled = compiled_version(current) if rules_file is None else from_file(rules_file, current.lists)
        found = explaining.replay(
            stored.restored,
            compiled,
            message=edits.get("message"),
            context=edits.get("context"),
            queue=queue,
        )
    except explaining.WrongEdit as wrong:
        raise Failure(f"{str(wrong).capitalize()}.") from None
    except RuleErrors:
        raise Failure(explaining.UNREADABLE.format(stored.version.version)) from None
    if as_json:
        show_json(
            {
                "id": replay,
                "same": found.same,
                "made_by": found.made_by,
                "code": found.code,
                "differences": found.differences,
                "decision": found.decision,
                "trace": found.steps,
                "lost": found.lost,
                "why_not": found.why_not,
            }
        )
    else:
        show_trace(found.steps)
        typer.echo(f"\n{found.decision.why}")
        if found.why_not is not None:
            typer.echo(found.why_not.why)
    changed = bool(edits) or rules_file is not None or version is not None
    if found.lost:
        typer.echo(f"could not be restored: {', '.join(found.lost)}", err=True)
    typer.echo(_compared(found), err=True)
    if not changed and found.differs:
        raise typer.Exit(1)


def backtest(
    file: Annotated[Path | None, typer.Argument(help="A draft as TOML or JSON.")] = None,
    version: Annotated[int | None, typer.Option(help="A stored draft instead of a file.")] = None,
    days: Annotated[float, typer.Option(help="How many days back.")] = 30.0,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Decide the stored messages of the last days by a draft, beside the published rules.

    It runs in this process: Ctrl-C ends it and changes nothing.
    """
    from datetime import UTC, datetime, timedelta

    from storage import restoring, rules
    from workers.backtest import Backtest
    from workers.setup import compiled_version

    if (file is None) == (version is None):
        raise Failure("Name a file, or a version with --version.")
    published = reading(data, rules.published) or rules.NONE
    draft = (
        from_file(file, published.lists)
        if file is not None
        else compiled_version(reading(data, lambda sql: rules.get(sql, version or 0)))
    )
    test = Backtest(compiled_version(published), draft)

    def run(sql: Any) -> None:
        at = restoring.before(sql, datetime.now(UTC) - timedelta(days=days))
        total, done = restoring.count(sql, at), 0
        while chunk := restoring.after(sql, at, _AT_ONCE):
            for one in chunk:
                test.take(one)
            at, done = chunk[-1].seq, done + len(chunk)
            typer.echo(f"\r{done} of {total}", err=True, nl=False)
        typer.echo("", err=True)

    reading(data, run)
    report = test.report()
    if as_json:
        show_json(report)
        return
    counts = report["counts"]
    show(
        [
            {"figure": name, "count": counts.get(name, 0)}
            for name in ("messages", "different", "answers_won", "answers_lost", "targets_changed")
        ],
        as_json=False,
    )
    show([{"what": what, "messages": count} for what, count in report["moves"].items()], as_json=False)
    for what, count in report["lost"].items():
        typer.echo(f"not restored: {what}, {count}")


def trials(as_json: AsJson = False, data: Data = None) -> None:
    """Backtests, shadows and canaries, newest first."""
    from storage import rule_trials

    show(
        [
            {"id": one.id, "kind": one.kind, "version": one.version, "state": one.state, "done": one.done}
            for one in reading(data, lambda sql: rule_trials.listed(sql, 100))
        ],
        as_json=as_json,
    )


def from_file(file: Path, lists: "Lists") -> "RuleSet":
    """The rules of a file, compiled, with `lists` where it has none; a wrong file fails the command."""
    from gateway.rule_files import BadFile, read
    from gateway.rule_sets import Wrong, checked

    try:
        document = read(file)
        own = document.lists if document.lists is not None else lists
        return checked(document.rules, own, document.cases).compiled
    except BadFile as bad:
        raise Failure(f"{bad}.") from None
    except Wrong as wrong:
        raise Failure(f"{file} has errors: frontdesk rules validate {file} names them ({wrong}).") from None


def _edits(sets: list[str]) -> dict[str, Any]:
    """`message.event.text=hello` as a merge patch."""
    import json

    edits: dict[str, Any] = {}
    for one in sets:
        path, equals, given = one.partition("=")
        first, *rest = path.split(".")
        if not equals or first not in ("message", "context") or not rest:
            raise Failure(f"--set {one} names no part of the message or context.")
        try:
            value = json.loads(given)
        except ValueError:
            value = given
        inner = edits.setdefault(first, {})
        for name in rest[:-1]:
            inner = inner.setdefault(name, {})
        inner[rest[-1]] = value
    return edits


def show_trace(steps: "Sequence[Step]") -> None:
    """What became of each rule, a line each."""
    import msgspec

    rows: list[dict[str, Any]] = [
        {
            "stage": step.stage,
            "rule": step.rule_id,
            "state": step.state,
            "why": "; ".join(step.did) or _failed(msgspec.to_builtins(step.failed)) or step.error,
        }
        for step in steps
    ]
    show(rows, as_json=False)


def _compared(found: "Replayed") -> str:
    """What became of the comparison with the stored decision, in one sentence."""
    if found.same:
        return "the same as stored, byte for byte"
    changes = "; ".join(f"{name}: {was!r} → {now!r}" for name, (was, now) in found.differences.items())
    said = f"not the same as stored: {changes or 'in its details'}"
    if found.made_by == found.code:
        return said
    by = f"other code made the stored one ({found.made_by or 'before marks were kept'}; this is {found.code})"
    return f"{said}; {by}" if changes else f"the same comes of it; bytes are not compared: {by}"


def _failed(failed: Any) -> str:
    return "; ".join(
        f"{one.get('field') or 'expression'} {one['op']} {one.get('expected')!r}, found {one.get('found')!r}"
        for one in failed
    )
