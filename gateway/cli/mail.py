"""`frontdesk mail`: what the desk would make of a mail, without a desk."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.lines import answer_each
from gateway.cli.terminal import Failure, group

if TYPE_CHECKING:
    from channels.mail.reader import Readers

app = group("E-mail: read mails as the desk does.")

Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="Mails as raw MIME; - for standard input.")]


@app.command("parse")
def parse(files: Files) -> None:
    """Print what the desk would make of each mail, one JSON line a file."""
    import asyncio

    asyncio.run(_parse(files))


async def _parse(files: list[str]) -> None:
    import asyncio

    import msgspec

    from channels.mail.reader import Readers

    async with Readers(whole=True) as readers:
        for file in files:
            raw = await asyncio.to_thread(_content, file)
            shown = await _shown(readers, file, raw)
            typer.echo(msgspec.json.encode(shown).decode())


async def _shown(readers: "Readers", file: str, raw: bytes) -> dict[str, Any]:
    found = await readers.read(raw)
    return {"file": file, **found.mail.shown()}


def _content(file: str) -> bytes:
    import sys

    from channels.mail.limits import LONGEST_MAIL

    try:
        # One byte too many is enough to know that it is too long.
        if file == "-":
            return sys.stdin.buffer.read(LONGEST_MAIL + 1)
        with Path(file).open("rb") as opened:
            return opened.read(LONGEST_MAIL + 1)
    except OSError as error:
        raise Failure(f"{file} can't be read: {error.strerror}.") from None


@app.command("strip")
def strip() -> None:
    """Print what its author wrote of each text or HTML on stdin, without quotes and signature.

    One JSON string a line, in and out.
    """
    answer_each(_stripped)


def _stripped(line: str) -> Any:
    import msgspec

    from channels.mail.strip import strip as stripped

    try:
        return stripped(msgspec.json.decode(line, type=str))
    except (msgspec.DecodeError, UnicodeError):
        return {"error": "a line is one JSON string"}
