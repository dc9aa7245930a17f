"""What a widget is set up with."""

import base64
import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr

from channels.settings import Randomness, Settings

_ORIGIN = re.compile(r"https?://(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_LONGEST_ORIGIN = 300
_SHORTEST_KEY = 32


def _origin(value: str) -> str:
    origin = value.lower().removesuffix("/")
    if len(origin) > _LONGEST_ORIGIN or not _ORIGIN.fullmatch(origin):
        raise ValueError("an origin is like https://www.example.org, with a port only where it is not usual")
    return origin


def _key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _SHORTEST_KEY:
        raise ValueError(f"a key has at least {_SHORTEST_KEY} characters")
    return value


Key = Annotated[SecretStr, AfterValidator(_key)]
Origin = Annotated[str, AfterValidator(_origin)]


class WidgetSettings(Settings):
    """`origins` are the sites that may embed it; none named, any may.

    `ask` is what somebody new is asked for before their first message. `calendar` is the id of the calendar
    whose hours are shown. With `identity_secret` a site vouches for its signed-in users (see
    `gateway.visitors`). `visitor_key` signs the tokens of visitors and never leaves the desk.
    """

    shown: ClassVar[frozenset[str]] = frozenset({"identity_secret"})

    origins: Annotated[tuple[Origin, ...], Field(max_length=50)] = ()
    ask: tuple[Literal["name", "email"], ...] = ()
    calendar: Annotated[str, Field(max_length=64)] = ""
    identity_secret: Key
    visitor_key: Key

    @classmethod
    def make(cls, random: Randomness) -> dict[str, str]:
        """Two keys of 32 bytes."""
        names = ("identity_secret", "visitor_key")
        return {name: base64.urlsafe_b64encode(random(32)).decode("ascii").rstrip("=") for name in names}
