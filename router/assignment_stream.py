"""The assignment engine driven from outside: an event as a line of JSON in, its offers out."""

from typing import Any

import msgspec

from router.assignment import Engine
from router.assignment_events import AssignmentError, Event, Result

MAX_LINE = 1_000_000
"""Longest line taken, in characters."""

_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class Session:
    """One run of the engine. Lines count from 1; the first is the config."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._line = 0

    def feed(self, line: str) -> dict[str, Any]:
        """The offers a line brings and when to wake, or what is wrong with it; then nothing has changed."""
        self._line += 1
        try:
            return _answer(self._engine.apply(_decode(line)))
        except AssignmentError as error:
            return {"error": str(error), "line": self._line}


def _decode(line: str) -> Event:
    if len(line) > MAX_LINE:
        raise AssignmentError(f"the line is longer than {MAX_LINE} characters")
    try:
        return _DECODER.decode(line)
    except msgspec.DecodeError as error:
        raise AssignmentError(str(error)) from None
    except RecursionError:
        raise AssignmentError("nested too deeply") from None
    except UnicodeEncodeError:
        raise AssignmentError("not valid UTF-8") from None


def _answer(result: Result) -> dict[str, Any]:
    offers = [{"ticket": offer.ticket, "agent": offer.agent, "why": offer.why} for offer in result.offers]
    answer: dict[str, Any] = {"offers": offers, "wake_at": result.wake_at}
    if result.alerts:
        answer["alerts"] = [{"ticket": alert.ticket, "step": alert.step} for alert in result.alerts]
    return answer
