"""`frontdesk kb evaluate`: how good matching is on a file of labelled questions."""

import random
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.kb import EncoderName, Precision, made
from gateway.cli.terminal import AsJson, Failure

_SHOWN = (
    ("top_1", "top-1: the right article is first"),
    ("recall_3", "recall@3: it is among the first three"),
    ("recall_at_precision_90", "R@P90: answered rightly where 9 in 10 answers are right"),
    ("refused", "unanswerable questions not answered"),
    ("precision", "answers right at the target, no labels"),
    ("precision_after_labels", "answers right at the target, after 100 labels"),
    ("top_1_misspelt", "top-1 with typing slips"),
    ("cpu_ms_mean", "CPU a question, ms, mean"),
    ("cpu_ms_p95", "CPU a question, ms, 95th percentile"),
    ("memory_mb", "memory of this process at most, MB"),
)
Counts = Annotated[
    list[int] | None, typer.Option("--phrasings", min=1, help="Phrasings an article gets: 1, 3 and 10.")
]


def evaluate(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    *,
    phrasings: Counts = None,
    draws: Annotated[int, typer.Option(min=1, max=100, help="Random desks that are averaged.")] = 2,
    questions: Annotated[int, typer.Option(min=1, help="Asked of each desk at most.")] = 1000,
    target_precision: Precision = 0.9,
    encoder: EncoderName = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure matching on {"text", "label" or null, "split"?} lines, or on {"a", "b", "same"} lines."""
    import msgspec

    from knowledgebase import evaluation
    from knowledgebase.jsonl import LineError

    try:
        with file.open("rb") as lines:
            rows = evaluation.parse(lines)
    except LineError as error:
        raise Failure(f"{file}, {error}.") from None
    chosen = made(encoder)
    report: list[dict[str, Any]] = []
    for many in [1] if isinstance(rows[0], evaluation.Pair) else phrasings or (1, 3, 10):
        clean, misspelt = [], []
        for draw in range(draws):
            chance = random.Random(f"{many} {draw}")  # noqa: S311 - a draw that can be repeated
            desk = evaluation.drawn(rows, many, questions, chance)
            clean.append(evaluation.measured(desk, chosen, target_precision, time.thread_time))
            slips = evaluation.misspelt(desk, chance)
            misspelt.append(evaluation.measured(slips, chosen, target_precision, time.thread_time))
        found = msgspec.structs.asdict(evaluation.mean(clean))
        slipped = evaluation.mean(misspelt).top_1
        report.append({"phrasings": many, **found, "top_1_misspelt": slipped, "memory_mb": _memory_mb()})
    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _show(report)


def _memory_mb() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _show(report: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", *(f"k = {one['phrasings']}" for one in report))
    for name in ("articles", "questions", "unanswerable"):
        table.add_row(name, *(str(one[name]) for one in report))
    for name, words in _SHOWN:
        table.add_row(words, *("–" if one[name] is None else f"{one[name]:g}" for one in report))
    Console().print(table)
