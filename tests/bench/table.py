"""The report: each figure beside its limit from the same run and its target."""

from collections.abc import Sequence

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `limit` is what the straw man came to; `met` None where there is no target."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    target: str = ""
    met: bool | None = None


_HEAD = ("figure", "measured", "limit (E1)", "unit", "target", "")
_MET = {True: "met", False: "missed", None: ""}


def formatted(figures: Sequence[Figure]) -> str:
    """The rows as text, in columns."""
    rows = [_HEAD, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(_placed(cell, at, widths[at]) for at, cell in enumerate(row)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _cells(figure: Figure) -> tuple[str, ...]:
    limit = "" if figure.limit is None else _number(figure.limit)
    return (figure.name, _number(figure.value), limit, figure.unit, figure.target, _MET[figure.met])


def _placed(cell: str, column: int, width: int) -> str:
    return cell.rjust(width) if column in (1, 2) else cell.ljust(width)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
