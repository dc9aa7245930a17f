"""`frontdesk rules`: the rule set as a JSON file: export, check, import."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.opened import Data, changing, reading
from gateway.cli.terminal import Failure, group, show_json

if TYPE_CHECKING:
    from router.rules.form import RuleError

app = group("Routing rules: export, validate, import.")

RuleFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A JSON array of rules.")]


@app.command("export")
def export(data: Data = None) -> None:
    """Print the rules that decide now, as a JSON array."""
    from storage import rules

    published = reading(data, rules.published)
    show_json(published.rules if published else [])


@app.command("validate")
def validate(file: RuleFile) -> None:
    """Check a file of rules; every error is printed with its place in the file."""
    typer.echo(f"{len(_parsed(file))} rules, no errors", err=True)


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
    number = changing(data, lambda tx: rules.add(tx, documents, note, "frontdesk rules", publish=publish))
    typer.echo(f"version {number}, {'published' if publish else 'a draft'}", err=True)


def _parsed(file: Path) -> list[dict[str, Any]]:
    import msgspec

    from router.rules.form import RuleErrors, parse

    try:
        document = msgspec.json.decode(file.read_bytes())
        parse(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(f"{file} is not JSON: {error}.") from None
    except RuleErrors as refused:
        _refuse(file, refused.errors)
        raise
    return document  # type: ignore[no-any-return]


def _refuse(file: Path, errors: "Sequence[RuleError]") -> None:
    for wrong in errors:
        typer.echo(f"{wrong.pointer or '/'}: {wrong.detail}", err=True)
    if errors:
        raise Failure(f"{file} has {len(errors)} errors.") from None
