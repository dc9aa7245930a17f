"""Blobs in an S3-compatible store, under the names that the folder end gives them."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from storage.blobs import BlobsUnavailable, MissingBlob, SpoiledBlob, place

# One attempt, and all of them: a platform that waits for its answer gives up soon after.
_ATTEMPT: Final = timedelta(seconds=5)
_ALL_ATTEMPTS: Final = timedelta(seconds=10)
# Hashing less than this takes no longer than handing it to a thread.
_HASHED_AT_ONCE = 256 * 1024


class S3Blobs:
    """The production end of the blob port: `s3://key:secret@host[:port]/bucket[?region=…&tls=0|1]`.

    `https://` and `http://` stand for `s3://` with and without TLS. The bucket must be there. Raises
    `ValueError` for another form of address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        bucket = parts.path.strip("/")
        if parts.scheme not in ("s3", "http", "https") or not (
            parts.hostname and parts.username and parts.password and bucket
        ):
            raise ValueError("not an address such as s3://key:secret@host/bucket")
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        scheme = "http" if parts.scheme == "http" or options.get("tls") == "0" else "https"
        self._store = S3Store(
            bucket,
            endpoint=f"{scheme}://{parts.netloc.rpartition('@')[2]}",
            region=options.get("region", "us-east-1"),
            access_key_id=unquote(parts.username),
            secret_access_key=unquote(parts.password),
            # The least that compatible stores have in common.
            virtual_hosted_style_request=False,
            disable_bulk_delete=True,
            checksum_algorithm="SHA256",
            client_options={"allow_http": scheme == "http", "timeout": _ATTEMPT, "connect_timeout": _ATTEMPT},
            retry_config={"max_retries": 2, "retry_timeout": _ALL_ATTEMPTS},
        )

    async def put(self, content: bytes) -> str:
        """See `Blobs`. The store checks the digest of what it received."""
        name = await _digest(content)
        with _unavailable():
            try:
                await obstore.put_async(self._store, place(name), content, use_multipart=False)
            except FileNotFoundError as error:
                raise BlobsUnavailable("there is no such bucket") from error
        return name

    async def get(self, name: str) -> bytes:
        """See `Blobs`."""
        path = place(name)
        with _unavailable():
            try:
                content = bytes(await (await obstore.get_async(self._store, path)).bytes_async())
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise BlobsUnavailable("there is no such bucket") from error
                raise MissingBlob(name) from None
        if await _digest(content) != name:
            raise SpoiledBlob(name)
        return content

    async def exists(self, name: str) -> bool:
        """See `Blobs`."""
        path = place(name)
        with _unavailable():
            try:
                await obstore.head_async(self._store, path)
            except FileNotFoundError:
                return False
        return True

    async def delete(self, name: str) -> None:
        """See `Blobs`."""
        path = place(name)
        with _unavailable():
            try:
                await obstore.delete_async(self._store, path)
            except FileNotFoundError:
                return


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except BaseError as error:
        # Only the first line is for reading: method, address without credentials, what went wrong.
        raise BlobsUnavailable(str(error).partition("\n")[0]) from None


async def _digest(content: bytes) -> str:
    if len(content) < _HASHED_AT_ONCE:
        return hashlib.sha256(content).hexdigest()
    return (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
