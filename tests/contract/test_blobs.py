"""The blob port, at every end."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from storage.blobs import Blobs, MissingBlob
from tests.contract.ends import BLOB_ENDS
from tests.services.servers import Servers

CONTENT = b"\x00picture\xff" * 1000
NAME = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(params=BLOB_ENDS)
def blobs(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> Blobs:
    """Each end in turn, empty."""
    made: Blobs = request.param(tmp_path, servers)
    return made


async def test_a_blob_is_named_by_its_content(blobs: Blobs) -> None:
    """Its name is the SHA-256 of its bytes, and the bytes come back as they were."""
    assert await blobs.put(CONTENT) == NAME
    assert await blobs.get(NAME) == CONTENT


async def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    """No bytes are content too."""
    assert await blobs.get(await blobs.put(b"")) == b""


async def test_the_same_content_is_kept_once(blobs: Blobs) -> None:
    """Putting it again, also at the same time, is the same blob."""
    names = await asyncio.gather(*(blobs.put(CONTENT) for _ in range(8)))
    assert set(names) == {NAME}
    await blobs.delete(NAME)
    assert not await blobs.exists(NAME)


async def test_a_deleted_blob_is_gone(blobs: Blobs) -> None:
    """After deleting it is missing; deleting what is not there is no error."""
    await blobs.put(CONTENT)
    assert await blobs.exists(NAME)
    await blobs.delete(NAME)
    await blobs.delete(NAME)
    assert not await blobs.exists(NAME)
    with pytest.raises(MissingBlob):
        await blobs.get(NAME)


@pytest.mark.parametrize(
    "name",
    ["", "../" + NAME, NAME.upper(), NAME[:-1], NAME + "\n", NAME[:-1] + "/", "../../etc/passwd", "\x00"],
)
async def test_only_a_digest_is_a_name(blobs: Blobs, name: str) -> None:
    """A name that is not 64 lower-case hexadecimal digits reaches nothing."""
    for ask in (blobs.get, blobs.exists, blobs.delete):
        with pytest.raises(ValueError, match="64 lower-case"):
            await ask(name)
