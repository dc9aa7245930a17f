"""`frontdesk doctor`: what is right and wrong with an installation, and what to do about it."""

import typer

from gateway.cli.opened import Data
from gateway.cli.terminal import AsJson, show


def doctor(as_json: AsJson = False, data: Data = None) -> None:
    """Say what is right and wrong with the installation.

    Looks at settings, folder, disk, migrations, store, bus, live layer, blobs, channels and clock; status 1
    if something is wrong.
    """
    import asyncio

    from gateway.doctor import examine

    findings = asyncio.run(examine(data))
    rows = [
        {"check": found.name, "ok": found.ok, "found": found.found, "to_do": found.to_do}
        for found in findings
    ]
    show(rows, as_json=as_json)
    if not all(found.ok for found in findings):
        raise typer.Exit(1)
