"""What a webhook channel is set up with."""

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, SecretStr, model_validator

from channels.settings import Randomness, Settings
from channels.webhook.signature import (
    PRIVATE,
    Signer,
    Verifier,
    key_of,
    private_key_of,
    public_key_of,
    public_text,
    secret_of,
)

_LONGEST_URL = 2000
# How long the other side has to take the new secret.
_BOTH_FOR = timedelta(days=1)


def call_address(value: str) -> str:
    """The address, if it is one that can be called; raises ValueError."""
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


def _private(value: SecretStr) -> SecretStr:
    private_key_of(value.get_secret_value())
    return value


def _public(value: str) -> str:
    public_key_of(value)
    return value


class WebhookSettings(Settings):
    """`secret` signs both directions and is made when left out; replies are posted to `callback_url`.

    Without `callback_url`, or while `callback_disabled`, nothing is sent: replies are kept for
    whoever reads them through the API. Until
    `previous_until` the `previous_secret` signs and opens as well. With `ed25519` a key is made (or given as
    `signing_key`) that signs beside the secret, and `public_key` tells it; `verify_key` is the other side's.
    """

    shown: ClassVar[frozenset[str]] = frozenset({"secret"})

    secret: Annotated[SecretStr, AfterValidator(_secret)]
    callback_url: Annotated[str, AfterValidator(call_address)] | None = None
    callback_disabled: bool | None = None
    previous_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    previous_until: AwareDatetime | None = None
    ed25519: bool | None = None
    signing_key: Annotated[SecretStr, AfterValidator(_private)] | None = None
    public_key: str | None = None
    verify_key: Annotated[str, AfterValidator(_public)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _tell_public_key(cls, given: Any) -> Any:
        """What is made of the key is told by nobody else."""
        if not isinstance(given, dict):
            return given
        told = {name: value for name, value in given.items() if name != "public_key"}
        if told.get("ed25519") is True and isinstance(key := told.get("signing_key"), str):
            # One that is no key is refused where it stands.
            with suppress(ValueError):
                told["public_key"] = public_text(private_key_of(key))
        return told

    @classmethod
    def make(cls, random: Randomness) -> dict[str, str]:
        """A secret of 32 bytes, and the seed of a key."""
        return {"secret": secret_of(random(32)), "signing_key": PRIVATE + b64encode(random(32)).decode()}

    @classmethod
    def wants(cls, name: str, given: Mapping[str, Any]) -> bool:
        """A key to sign with is made for those who ask for it."""
        return name != "signing_key" or given.get("ed25519") is True

    @classmethod
    def rotated(cls, kept: Mapping[str, str], now: datetime, random: Randomness) -> dict[str, Any]:
        """A new secret; the one from before is good for a day."""
        return {
            "secret": secret_of(random(32)),
            "previous_secret": kept["secret"],
            "previous_until": (now + _BOTH_FOR).isoformat(),
        }

    def signer(self, now: datetime) -> Signer:
        """What signs at an instant."""
        key = self.signing_key if self.ed25519 else None
        return Signer(self._keys(now), private_key_of(key.get_secret_value()) if key else None)

    def verifier(self, now: datetime) -> Verifier:
        """What opens at an instant."""
        return Verifier(self._keys(now), public_key_of(self.verify_key) if self.verify_key else None)

    def _keys(self, now: datetime) -> tuple[bytes, ...]:
        current = key_of(self.secret.get_secret_value())
        until, previous = self.previous_until, self.previous_secret
        if previous is None or (until is not None and now >= until):
            return (current,)
        return current, key_of(previous.get_secret_value())
