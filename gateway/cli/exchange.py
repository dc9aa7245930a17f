"""`frontdesk kb import` and `export`: articles in and out as JSON lines, CSV, Markdown or a FAQ page."""

import codecs
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.opened import ACTOR, Data, changing, reading
from gateway.cli.terminal import AsJson, Failure, show_json

if TYPE_CHECKING:
    from knowledgebase.rows import Fault, Raw
    from storage.article_import import Imported
    from storage.store import Tx

_SUFFIXES = {
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
    ".csv": "csv",
    ".tsv": "csv",
    ".md": "md",
    ".html": "html",
    ".htm": "html",
}
_MOST_FILES = 50_000

FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format", help="jsonl, csv, md or html; told by the name if not given.", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `frontdesk kb`."""
    app.command("import")(import_)
    app.command("export")(export)


def import_(
    source: Annotated[Path, typer.Argument(exists=True, help="A file, or a folder of Markdown files.")],
    form: FormatOption = None,
    *,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Take the good rows although others are bad.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also what was changed here since it was exported.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")
    ] = False,
    encoding: Annotated[str, typer.Option("--encoding", help="Of the file, such as gb18030.")] = "utf-8",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Bring articles in: known ids are changed, others added. All or none, unless told to skip bad rows.

    Every bad row and every conflict is named on stderr, and the command fails if nothing was imported.
    """
    from knowledgebase.rows import checked
    from storage.article_import import Refused, bring_in

    rows, faults = checked(_raw(source, form or _told_by(source), _known_encoding(encoding)))

    def step(tx: "Tx") -> "Imported":
        done = bring_in(tx, rows, faults, ACTOR, skip=skip_bad, overwrite=overwrite)
        if dry_run:
            raise _Rehearsed(done)
        return done

    try:
        done = changing(data, step)
    except _Rehearsed as rehearsed:
        done = rehearsed.done
    except Refused as refused:
        _tell(refused.faults)
        if as_json:
            show_json({"imported": False, "faults": [_named(fault) for fault in refused.faults]})
        rows_said = "1 row" if len(refused.faults) == 1 else f"{len(refused.faults)} rows"
        raise Failure(f"Nothing was imported: {rows_said} at fault; --skip-bad takes the others.") from None
    _tell(done.skipped)
    if as_json:
        counts = {"added": done.added, "changed": done.changed, "unchanged": done.unchanged}
        show_json({"imported": not dry_run, **counts, "faults": [_named(fault) for fault in done.skipped]})
    would = "would be " if dry_run else ""
    typer.echo(f"{would}{done.added} added, {done.changed} changed", err=True)


class _Rehearsed(Exception):
    """Ends a step so that nothing of it is kept."""

    def __init__(self, done: "Imported") -> None:
        super().__init__("rehearsed")
        self.done = done


def _tell(faults: "Sequence[Fault]") -> None:
    for fault in faults:
        line = "".join(letter if letter.isprintable() else " " for letter in f"{fault.place}: {fault.detail}")
        typer.echo(line, err=True)


def _named(fault: "Fault") -> dict[str, str]:
    return {"row": fault.place, "code": fault.code, "detail": fault.detail}


def _told_by(source: Path) -> str:
    if source.is_dir():
        return "md"
    form = _SUFFIXES.get(source.suffix.lower())
    if form is None:
        raise Failure(f"What {source} holds can't be told by its name: say --format jsonl, csv, md or html.")
    return form


def _known_encoding(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise typer.BadParameter(f"there is no encoding {encoding!r}", param_hint="--encoding") from None


def _raw(source: Path, form: str, encoding: str) -> "Iterable[Raw]":
    from knowledgebase import faq_page, formats

    readers = {"jsonl": formats.read_jsonl, "csv": formats.read_csv, "html": faq_page.read_html}
    if form == "md":
        root = source if source.is_dir() else source.parent
        return [
            formats.read_markdown(path.relative_to(root).as_posix(), _content(path), encoding)
            for path in _markdown(source)
        ]
    if form not in readers:
        raise typer.BadParameter(f"{form!r} is none of jsonl, csv, md, html", param_hint="--format")
    return readers[form](_content(source), encoding)


def _markdown(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    found = sorted(path for path in source.rglob("*.md") if path.is_file())
    if len(found) > _MOST_FILES:
        raise Failure(f"{source} holds more than {_MOST_FILES} Markdown files.")
    return found


def _content(path: Path) -> bytes:
    from knowledgebase.rows import LARGEST_FILE

    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Failure(f"{path} is larger than {LARGEST_FILE // 1_000_000} MB.")
        return path.read_bytes()
    except OSError as error:
        raise Failure(f"{path} can't be read: {error.strerror}.") from None


def export(
    target: Annotated[
        Path | None,
        typer.Argument(help="A file, or a folder for md; stdout if not given.", show_default=False),
    ] = None,
    form: FormatOption = None,
    data: Data = None,
) -> None:
    """Write the desk's articles, drafts too, in a form that import reads; JSON lines if none is said."""
    from knowledgebase import faq_page, formats
    from knowledgebase.rows import MOST_ROWS
    from storage import articles

    form = form or (_SUFFIXES.get(target.suffix.lower(), "md") if target else "jsonl")
    writers: dict[str, Any] = {
        "jsonl": formats.write_jsonl,
        "csv": formats.write_csv,
        "html": faq_page.write_html,
    }
    if form != "md" and form not in writers:
        raise typer.BadParameter(f"{form!r} is none of jsonl, csv, md, html", param_hint="--format")
    found = reading(data, lambda sql: articles.listed(sql, "", MOST_ROWS))
    if form == "md":
        if target is None:
            raise typer.BadParameter("name a folder for the Markdown files", param_hint="TARGET")
        for article, version in found:
            _write(target / f"{article.id}.md", formats.write_markdown(article, version))
    elif target is None:
        typer.echo(writers[form](found), nl=False)
    else:
        _write(target, writers[form](found))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror}.") from None
