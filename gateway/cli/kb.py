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
    float, typer.Option(min=0.5, max=0.999, help="The share of answers that is to be right.")
]
EncoderName = Annotated[str, typer.Option("--encoder", help="auto, lexical, or the name of an encoder.")]


@app.command("match")
def match(articles: ArticleFile, target_precision: Precision = 0.9, encoder: EncoderName = "auto") -> None:
    """Match each {"text", "language"?} line on stdin against the articles of a file; no desk is needed."""
    from knowledgebase.match import Snapshot

    found = _parsed(articles)
    answer_each(_matcher(Snapshot.build(found, made(encoder)), target_precision))


def made(encoder: str) -> Any:
    """The encoder of that name, ready; None to match without one."""
    from gateway.encoders import UnknownEncoder, chosen

    try:
        make = chosen(encoder)
    except UnknownEncoder as error:
        raise typer.BadParameter(str(error), param_hint="--encoder") from None
    return make() if make else None


def _matcher(snapshot: Any, precision: float) -> Callable[[str], Any]:
    from gateway.http.resources.ticket_models import match_out
    from knowledgebase.jsonl import LineError, parse_question

    number = 0

    def answer(line: str) -> Any:
        nonlocal number
        number += 1
        try:
            question = parse_question(line.encode("utf-8", "surrogateescape"), number)
        except LineError as error:
            return {"error": error.detail, "line": number}
        found = snapshot.match(question.text, question.language, target_precision=precision)
        return match_out(found).model_dump()

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
