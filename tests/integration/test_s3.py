"""Blobs in an S3-compatible store beyond the port: what is spoiled, away, forbidden, or without a bucket."""

import hashlib
import socket
from collections.abc import Iterator

import pytest

from storage.blobs import BlobsUnavailable, MissingBlob, SpoiledBlob, place
from storage.s3 import S3Blobs
from storage.store import StoreUnavailable
from tests.services.s3 import S3
from tests.services.servers import Servers

CONTENT = b"invoice \x00\xff" * 100_000
NAME = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def server(servers: Servers) -> S3:
    """A store with a bucket."""
    servers.s3.new_bucket("desk")
    return servers.s3


@pytest.fixture
def blobs(server: S3) -> S3Blobs:
    """The bucket."""
    return S3Blobs(server.url("desk"))


async def test_a_blob_is_an_object_that_others_can_read(server: S3, blobs: S3Blobs) -> None:
    """It lies in the bucket under its digest, as it is: a copy of the bucket is a copy of the blobs."""
    await blobs.put(CONTENT)
    assert server.ask("GET", f"desk/{NAME[:2]}/{NAME}") == CONTENT


async def test_what_was_spoiled_is_not_handed_out(server: S3, blobs: S3Blobs) -> None:
    """Bytes that no longer have the digest of their name are refused, and can be put again."""
    await blobs.put(CONTENT)
    server.ask("PUT", f"desk/{place(NAME)}", CONTENT[:-1])
    with pytest.raises(SpoiledBlob):
        await blobs.get(NAME)
    await blobs.put(CONTENT)
    assert await blobs.get(NAME) == CONTENT


async def test_without_its_bucket_it_is_unavailable(server: S3) -> None:
    """A bucket that nobody made is not mistaken for an empty one."""
    blobs = S3Blobs(server.url("nobody-made-it"))
    with pytest.raises(BlobsUnavailable, match="there is no such bucket"):
        await blobs.put(CONTENT)
    with pytest.raises(BlobsUnavailable, match="there is no such bucket"):
        await blobs.get(NAME)


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address that refuses connections."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"s3://key:hunter2@127.0.0.1:{held.getsockname()[1]}/desk?tls=0"


async def test_a_store_that_is_away_is_unavailable(nowhere: str) -> None:
    """For the store's callers too, and the sentence does not tell the secret."""
    blobs = S3Blobs(nowhere)
    with pytest.raises(BlobsUnavailable) as caught:
        await blobs.put(CONTENT)
    assert isinstance(caught.value, StoreUnavailable)
    assert "hunter2" not in str(caught.value)
    for ask in (blobs.get, blobs.exists, blobs.delete):
        with pytest.raises(BlobsUnavailable):
            await ask(NAME)


async def test_the_scheme_may_say_whether_there_is_tls(server: S3) -> None:
    """`http://` is the same as `s3://` with `tls=0`."""
    url = server.url("desk").replace("s3://", "http://").removesuffix("?tls=0")
    assert await S3Blobs(url).put(CONTENT) == NAME


async def test_credentials_may_hold_any_character(server: S3) -> None:
    """What is escaped in the address is not in the signature."""
    blobs = S3Blobs(server.url("desk").replace("key:secret@", "key%2F1:se%2Fcret%40%3A@"))
    assert await blobs.get(await blobs.put(b"kept")) == b"kept"
    with pytest.raises(MissingBlob):
        await blobs.get(hashlib.sha256(b"never").hexdigest())


@pytest.mark.parametrize(
    "url",
    ["ftp://key:secret@host/bucket", "s3://host/bucket", "s3://key:secret@host", "s3://key:secret@/bucket"],
)
def test_another_form_of_address_is_refused(url: str) -> None:
    """Without host, key, secret or bucket there is nothing to talk to; the sentence repeats none of it."""
    with pytest.raises(ValueError, match=r"^not an address such as s3://key:secret@host/bucket$"):
        S3Blobs(url)
