"""`frontdesk kb`: match questions against articles, and move articles in and out as JSON lines."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.lines import answer_each
from gateway.cli.opened import Data, changing, reading
from gateway.cli.terminal import Failure, group

app = group("The knowledge base: match, import, export.")

ArticleFile = Annotated[
    Path, typer.Option("--articles", exists=True, dir_okay=False, help="Articles, one JSON object a line.")
]
Precision = Annotated[
    float, typer.Option(min=0.5, max=0.999, help="From which confidence an article may answer by itself.")
]


@app.command("match")
def match(articles: ArticleFile, target_precision: Precision = 0.9) -> None:
    """Match each {"text", "language"?} line on stdin against the articles of a file; no desk is needed."""
    from knowledgebase.match import Snapshot

    answer_each(_matcher(Snapshot.build(_parsed(articles)), target_precision))


def _matcher(snapshot: Any, precision: float) -> Callable[[str], Any]:
    from knowledgebase.jsonl import LineError, parse_question

    number = 0

    def answer(line: str) -> Any:
        nonlocal number
        number += 1
        try:
            question = parse_question(line.encode("utf-8", "surrogateescape"), number)
        except LineError as error:
            return {"error": error.detail, "line": number}
        return snapshot.match(question.text, question.language, target_precision=precision)

    return answer


def _parsed(file: Path) -> Iterable[Any]:
    from knowledgebase.jsonl import LineError, parse_articles

    try:
        with file.open("rb") as lines:
            return list(parse_articles(lines))
    except LineError as error:
        raise Failure(f"{file}, {error}.") from None
    except OSError as error:
        raise Failure(f"{file} can't be read: {error.strerror}.") from None


@app.command("export")
def export(data: Data = None) -> None:
    """Print the desk's articles, drafts too, one JSON object a line: the form `import` and `match` read."""
    import msgspec

    from storage import articles

    for article, _ in reading(data, lambda sql: articles.listed(sql, "", 1_000_000)):
        typer.echo(msgspec.json.encode(article).decode())


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], data: Data = None) -> None:
    """Bring articles from a file into the desk: known ids are changed, others added; all or none."""
    found = list(_parsed(file))
    added, changed = changing(data, lambda tx: _store(tx, found))
    typer.echo(f"{added} added, {changed} changed", err=True)


def _store(tx: Any, found: Iterable[Any]) -> tuple[int, int]:
    import msgspec

    from storage import articles

    there: Mapping[str, Any] = {article.id: article for article, _ in articles.listed(tx.sql, "", 1_000_000)}
    added = changed = 0
    for article in found:
        if article.id not in there:
            articles.add(tx, article)
            added += 1
        elif article != there[article.id]:
            fields = msgspec.structs.asdict(article)
            del fields["id"]
            articles.change(tx, article.id, fields)
            changed += 1
    return added, changed
