"""What a webhook channel is set up with."""

from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from channels.settings import Randomness, Settings
from channels.webhook.signature import key_of, secret_of

_LONGEST_URL = 2000


def _url(value: str) -> str:
    # `port` is a property that parses; it raises ValueError too.
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or (parts.port or 1) < 1:
        raise ValueError("an address starts with http:// or https:// and names a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "an address is shown to agents and must not hold a password: calls are signed instead"
        )
    if len(value) > _LONGEST_URL or not value.isprintable() or " " in value:
        raise ValueError(f"an address has at most {_LONGEST_URL} characters, all of them printable")
    return value


def _secret(value: SecretStr) -> SecretStr:
    key_of(value.get_secret_value())
    return value


class WebhookSettings(Settings):
    """`secret` signs both directions and is made when left out; replies are posted to `callback_url`.

    Without `callback_url` nothing is sent: replies are kept for whoever reads them through the API.
    """

    shown: ClassVar[frozenset[str]] = frozenset({"secret"})

    secret: Annotated[SecretStr, AfterValidator(_secret)]
    callback_url: Annotated[str, AfterValidator(_url)] | None = None

    @classmethod
    def make(cls, random: Randomness) -> dict[str, str]:
        """A secret of 32 bytes."""
        return {"secret": secret_of(random(32))}
