"""A file system of its own that is soon full."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.process import Missing


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A tmpfs while the block lasts; raises `Missing` where nobody may mount one."""
    if os.geteuid() != 0:
        raise Missing("a full disk is made by mounting a small tmpfs, as root: sudo make test")
    with tempfile.TemporaryDirectory(prefix="frontdesk-disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
