"""`frontdesk rules`: the rule set as a JSON file: export, check, import."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.opened import ACTOR, Data, acting, reading
from gateway.cli.terminal import Failure, group

if TYPE_CHECKING:
    from router.rules.form import RuleError
    from storage.store import Tx

app = group("Routing rules: export, validate, import.")

RuleFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A JSON array of rules.")]


@app.command("export")
def export(data: Data = None) -> None:
    """Print the rules that decide now, as a JSON array to edit and import."""
    from storage import rules

    published = reading(data, rules.published)
    typer.echo(_for_people(published.rules if published else []))


@app.command("validate")
def validate(file: RuleFile) -> None:
    """Check a file of rules; every error is printed with its place in the file."""
    typer.echo(
        f"{_count(len(_parsed(file)), 'rule')}, no errors in their form; import checks names", err=True
    )


@app.command("import")
def import_(
    file: RuleFile,
    publish: Annotated[bool, typer.Option("--publish", help="Let them decide at once.")] = False,
    note: Annotated[str, typer.Option("--note", help="What changed, for the list of versions.")] = "",
    data: Data = None,
) -> None:
    """Store a file of rules as a new version: a draft, unless --publish says more."""
    from gateway.rule_names import unknown_names
    from router.rules.form import parse
    from storage import rules

    documents = _parsed(file)
    _refuse(file, reading(data, lambda sql: unknown_names(sql, parse(documents))))

    def add(tx: "Tx") -> tuple[int, str]:
        added = rules.add(tx, documents, note, ACTOR, publish=publish)
        return added, str(added)

    number = acting(data, "rules.published" if publish else "rules.drafted", add)
    typer.echo(f"version {number}, {'published' if publish else 'a draft'}", err=True)


def _parsed(file: Path) -> list[dict[str, Any]]:
    import json

    from router.rules.form import RuleErrors, parse

    try:
        document: list[dict[str, Any]] = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Failure(f"{file} is not JSON: {error}.") from None
    try:
        parse(document)
    except RuleErrors as refused:
        _refuse(file, refused.errors)
    return document


def _refuse(file: Path, errors: "Sequence[RuleError]") -> None:
    for wrong in errors:
        typer.echo(f"{wrong.pointer or '/'}: {wrong.detail}", err=True)
    if errors:
        raise Failure(f"{file} has {_count(len(errors), 'error')}.") from None


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _for_people(rules: list[dict[str, Any]]) -> str:
    import json

    return json.dumps(rules, ensure_ascii=False, indent=2)
