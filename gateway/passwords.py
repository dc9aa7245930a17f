"""Agents' passwords: Argon2id (RFC 9106) on two threads of their own, 64 MiB each."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 8, 200

_hasher = PasswordHasher()
# A flood of sign-ins waits here and takes neither all processors nor all memory.
_threads = ThreadPoolExecutor(2, thread_name_prefix="password")
# What an unknown address is compared with, so that it takes as long as a wrong password.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$nh3/NL3WNsuDzJ8wutqeMA$4j1LBkfV6pTaxfMH171NsTpN7Xi5VxSRcbPnS940VDk"


def make_hash(password: str) -> str:
    """What is stored of a password. Takes about 50 ms."""
    return _hasher.hash(password)


def verify(password_hash: str, password: str) -> bool:
    """Whether this is the password; an empty hash has none. Takes as long either way."""
    try:
        _hasher.verify(password_hash or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


async def make_hash_aside(password: str) -> str:
    """`make_hash`, off the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, make_hash, password)


async def verify_aside(password_hash: str, password: str) -> bool:
    """`verify`, off the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, verify, password_hash, password)
