"""`frontdesk kb`: match questions against articles."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import exchange, upkeep
from gateway.cli.lines import answer_each
from gateway.cli.terminal import Failure, group

app = group("The knowledge base: match, import, export, lint, gaps.")
exchange.register(app)
upkeep.register(app)

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
