"""Logs: one line an event on stderr, as JSON or for reading; libraries' own records come out alike."""

import logging
import sys

import orjson
import structlog
from structlog.typing import Processor

from gateway.settings import Settings


def configure(settings: Settings) -> None:
    """Set the process's logs up; `auto` is for reading where stderr is a terminal."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendered = _rendered(settings)
    structlog.configure(
        processors=[*shared, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    # Of what libraries say, only what went wrong.
    # This one shows a traceback for each connection that is lost; the bus says so in a line.
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def _rendered(settings: Settings) -> list[Processor]:
    readable = sys.stderr.isatty() if settings.log_format == "auto" else settings.log_format == "console"
    if readable:
        return [
            # The default one shows local variables, and with them secrets.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(lambda event, **_: orjson.dumps(event, default=str).decode()),
    ]
