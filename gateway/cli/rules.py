"""`frontdesk rules`: the rule set as a file, checked, tested, imported, published; decisions explained."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import rule_simulate, rule_trials
from gateway.cli.opened import ACTOR, Data, acting, reading, settings
from gateway.cli.terminal import AsJson, Failure, group, show, show_json

if TYPE_CHECKING:
    from gateway.rule_files import RuleDocument
    from gateway.rule_sets import Checked
    from router.rules.form import RuleError
    from storage.paging import Sql
    from storage.store import Tx

app = group("Routing rules: export, validate, test, import, publish, explain, try.")
app.command("simulate")(rule_simulate.simulate)
app.command("explain")(rule_trials.explain)
app.command("backtest")(rule_trials.backtest)
app.command("trials")(rule_trials.trials)

RuleFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Rules as TOML or JSON.")]
TestFile = Annotated[Path | None, typer.Argument(help="Rules with tests; the published ones if left out.")]
Overrule = Annotated[str, typer.Option("--overrule", help="Why to publish although tests fail.")]


@app.command("export")
def export(
    toml: Annotated[bool, typer.Option("--toml", help="TOML with tests and lists, for Git.")] = False,
    version: Annotated[int | None, typer.Option(help="A version; the published one if left out.")] = None,
    data: Data = None,
) -> None:
    """Print the rules that decide now, to edit and import: a JSON array, or TOML."""
    from gateway.rule_files import RuleDocument, as_json, as_toml
    from storage import rules

    found = reading(data, lambda sql: rules.get(sql, version) if version else rules.published(sql))
    document = RuleDocument(found.rules, found.lists, found.cases) if found else RuleDocument([])
    typer.echo(as_toml(document) if toml else as_json(document), nl=False)


@app.command("validate")
def validate(
    file: RuleFile,
    as_json: AsJson = False,
    names: Annotated[bool, typer.Option("--names", help="Look names up on the desk, too.")] = False,
    data: Data = None,
) -> None:
    """Check a file of rules; every error is printed with its place, and what is odd about the rules."""
    from gateway import rule_sets
    from router.rules.analysis import analyse

    document = _checked(file, _read(file))
    if names:
        _refuse(file, reading(data, lambda sql: _unknown(sql, document)))
        found = reading(data, lambda sql: rule_sets.findings(sql, document.rules))
    else:
        found = analyse(document.rules)
    rows = [
        {"pointer": f"/rules{one.pointer}", "code": one.code, "rule": one.rule_id, "detail": one.detail}
        for one in found
    ]
    if as_json:
        show_json({"errors": [], "warnings": rows})
    else:
        show(rows, as_json=False)
    looked = "no errors" if names else "no errors in their form; import checks names"
    typer.echo(f"{_count(len(document.rules), 'rule')}, {looked}, {_count(len(found), 'warning')}", err=True)


@app.command("test")
def run_cases(
    file: TestFile = None,
    as_json: AsJson = False,
    default_queue: Annotated[str, typer.Option(help="The desk's default queue, for a file.")] = "general",
    data: Data = None,
) -> None:
    """Run the test cases that live beside the rules."""
    from gateway import rule_sets
    from router.rules.cases import failing
    from storage import rules

    if file is not None:
        document = _checked(file, _read(file))
        found = failing(document.cases, document.compiled, default_queue)
    else:
        current = reading(data, rules.published) or rules.NONE
        document = rule_sets.stored(current)
        found = reading(data, lambda sql: rule_sets.failing_cases(sql, document))
    show(
        [{"case": f"/cases{one.pointer}", "name": one.name, "why": one.detail} for one in found],
        as_json=as_json,
    )
    typer.echo(f"{_count(len(document.cases), 'test')}, {len(found)} failing", err=True)
    if found:
        raise typer.Exit(1)


@app.command("import")
def import_(
    file: RuleFile,
    publish: Annotated[bool, typer.Option("--publish", help="Let them decide at once.")] = False,
    note: Annotated[str, typer.Option("--note", help="What changed, for the list of versions.")] = "",
    overrule: Overrule = "",
    data: Data = None,
) -> None:
    """Store a file of rules as a new version: a draft, unless --publish says more."""
    from storage import rules

    read = _read(file)
    document = _checked(file, read)
    _refuse(file, reading(data, lambda sql: _unknown(sql, document)))
    second = settings(data=data).rules_approval

    def add(tx: "Tx") -> tuple[int, str]:
        current = rules.published(tx.sql) or rules.NONE
        lists = read.lists if read.lists is not None else current.lists
        cases = read.cases if read.cases is not None else current.cases
        added = rules.add(tx, read.rules, note, ACTOR, publish=False, lists=lists, cases=cases)
        if publish:
            _publish(tx, added, document, overrule, second)
        return added, str(added)

    number = acting(data, "rules.published" if publish else "rules.drafted", add)
    typer.echo(f"version {number}, {'published' if publish else 'a draft'}", err=True)


@app.command("publish")
def publish(
    version: Annotated[int, typer.Argument(help="A draft, or a version to go back to.")],
    overrule: Overrule = "",
    data: Data = None,
) -> None:
    """Make a stored version the one that decides."""
    from gateway import rule_sets
    from storage import rules

    document = rule_sets.stored(reading(data, lambda sql: rules.get(sql, version)))
    unknown = reading(data, lambda sql: _unknown(sql, document))
    _refuse(Path(f"version {version}"), unknown)
    second = settings(data=data).rules_approval

    def step(tx: "Tx") -> tuple[None, str]:
        _publish(tx, version, document, overrule, second)
        return None, str(version)

    acting(data, "rules.published", step)
    typer.echo(f"version {version} decides from the next message on", err=True)


@app.command("approve")
def approve(
    version: Annotated[int, typer.Argument(help="A draft that somebody else has made.")], data: Data = None
) -> None:
    """Be the second who has looked at a draft, where the setting rules_approval asks for one."""
    from gateway import rule_sets

    def step(tx: "Tx") -> tuple[None, str]:
        if not rule_sets.approve(tx, version, ACTOR):
            raise Failure(
                f"Version {version} was made on the command line: an admin must approve it in the console or "
                f"by POST /api/v1/routing/rules/versions/{version}/approve."
            )
        return None, str(version)

    acting(data, "rules.approved", step)
    typer.echo(f"version {version} is approved: frontdesk rules publish {version}", err=True)


@app.command("versions")
def versions(as_json: AsJson = False, data: Data = None) -> None:
    """Who changed the rules, when and why, newest first."""
    from storage import rules

    show(
        [
            {
                "version": one.version,
                "state": one.state,
                "rules": len(one.rules),
                "author": one.author,
                "approved_by": one.approved_by,
                "created_at": one.created_at,
                "note": one.note,
            }
            for one in reading(data, lambda sql: rules.listed(sql, None, 100))
        ],
        as_json=as_json,
    )


@app.command("diff")
def diff(before: int, after: int, data: Data = None) -> None:
    """What leads from one version to another, as a unified diff of their files; 0 is the empty set."""
    import difflib

    from gateway.rule_files import RuleDocument, as_toml
    from storage import rules

    def text(number: int) -> list[str]:
        found = rules.NONE if number == 0 else reading(data, lambda sql: rules.get(sql, number))
        return as_toml(RuleDocument(found.rules, found.lists, found.cases)).splitlines()

    lines = difflib.unified_diff(
        text(before), text(after), f"version {before}", f"version {after}", lineterm="", n=2
    )
    for line in lines:
        typer.echo(line)


@app.command("recipes")
def recipes(
    name: Annotated[str, typer.Argument(help="Print one as TOML.")] = "", as_json: AsJson = False
) -> None:
    """Rules to start from, in English and Chinese."""
    from gateway.rule_files import RuleDocument, as_toml
    from router.rules.recipes import RECIPES

    if not name:
        show([{"name": one.id, "en": one.en, "zh": one.zh} for one in RECIPES], as_json=as_json)
        return
    found = next((one for one in RECIPES if one.id == name), None)
    if found is None:
        raise Failure(f"There is no recipe {name}: there are {', '.join(one.id for one in RECIPES)}.")
    typer.echo(as_toml(RuleDocument(found.rules, None, found.cases)), nl=False)


def _read(file: Path) -> "RuleDocument":
    from gateway.rule_files import BadFile, read

    try:
        return read(file)
    except BadFile as bad:
        raise Failure(f"{bad}.") from None


def _checked(file: Path, document: "RuleDocument") -> "Checked":
    from gateway.rule_sets import Wrong, checked

    try:
        return checked(document.rules, document.lists, document.cases)
    except Wrong as wrong:
        _refuse(file, wrong.errors)
        raise


def _unknown(sql: "Sql", document: "Checked") -> "Sequence[RuleError]":
    from gateway.rule_sets import Wrong, check_names

    try:
        check_names(sql, document.rules)
    except Wrong as wrong:
        return wrong.errors
    return ()


def _publish(tx: "Tx", number: int, document: "Checked", overrule: str, second: bool) -> None:
    from gateway.rule_sets import CasesFail, NotApproved, publish

    try:
        publish(tx, number, document, actor=ACTOR, overrule=overrule, second_approver=second)
    except NotApproved:
        raise Failure(
            "A second admin must approve first; nothing was published. Store it as a draft (import without "
            "--publish), have somebody else approve it, then run frontdesk rules publish."
        ) from None
    except CasesFail as stopped:
        for one in stopped.failing:
            typer.echo(f"/cases{one.pointer} {one.name}: {one.detail}", err=True)
        raise Failure(
            f"{_count(len(stopped.failing), 'test')} failing: nothing was published. --overrule takes "
            "a reason."
        ) from None


def _refuse(file: Path, errors: "Sequence[RuleError]") -> None:
    for wrong in errors:
        # A file may be the bare list: its pointers begin there.
        typer.echo(f"{wrong.pointer.removeprefix('/rules') or '/'}: {wrong.detail}", err=True)
    if errors:
        raise Failure(f"{file} has {_count(len(errors), 'error')}.") from None


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
