"""How commands speak: data on stdout as a table or as JSON, one sentence on stderr when they fail."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


class Failure(Exception):
    """The command could not do what was asked; the text is one sentence that says why and what to do."""


class Commands(TyperGroup):
    """A group of commands whose failures end the process with status 1 and a sentence."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except Failure as failure:
            typer.echo(f"frontdesk: {failure}", err=True)
            raise typer.Exit(1) from None


def group(help_: str) -> typer.Typer:
    """A group of commands under one name."""
    return typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None, help=help_)


def show(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print rows that have the same keys: aligned columns, or a JSON array."""
    if as_json:
        show_json(rows)
        return
    from rich.cells import cell_len

    if not rows:
        return
    lines = [tuple(rows[0]), *(tuple(_cell(value) for value in row.values()) for row in rows)]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def show_json(document: Any) -> None:
    """Print one JSON document on one line."""
    import msgspec

    sys.stdout.buffer.write(msgspec.json.encode(document) + b"\n")
    sys.stdout.buffer.flush()


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    text = "yes" if value is True else "no" if value is False else str(value)
    # A name with a line break or a terminal's control sequence in it must not draw on the screen.
    return "".join(letter if letter.isprintable() else " " for letter in text)
