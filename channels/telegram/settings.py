"""What a Telegram channel is set up with."""

from base64 import urlsafe_b64encode
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from channels.settings import Randomness, Settings

OFFICIAL = "https://api.telegram.org"


def _root(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or (parts.port or 1) < 1 or parts.query:
        raise ValueError("an address starts with http:// or https:// and names a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address is shown to agents and must not hold a password")
    # As the Bot API's documentation and other programs write it, with or without the part before the token.
    return value.rstrip("/").removesuffix("/bot")


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    number, _, rest = text.partition(":")
    if not (
        text.isascii() and number.isdigit() and rest and rest.replace("-", "").replace("_", "").isalnum()
    ):
        raise ValueError("a token is as BotFather gives it: digits, a colon, letters and digits")
    return value


class TelegramSettings(Settings):
    """`token` is BotFather's. `mode` says how updates come; `base_url` is where the Bot API is.

    With `webhook`, Telegram proves itself by `secret_token`, which is made when left out.
    """

    shown: ClassVar[frozenset[str]] = frozenset({"secret_token"})

    token: Annotated[SecretStr, AfterValidator(_token)]
    mode: Literal["polling", "webhook"] = "polling"
    base_url: Annotated[str, AfterValidator(_root)] = OFFICIAL
    secret_token: Annotated[SecretStr, Field(min_length=1, max_length=256)]

    @classmethod
    def make(cls, random: Randomness) -> dict[str, str]:
        """A secret token of 32 bytes, in the characters that Telegram allows."""
        return {"secret_token": urlsafe_b64encode(random(32)).decode("ascii").rstrip("=")}
