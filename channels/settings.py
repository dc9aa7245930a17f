"""A channel's settings: checked, split into a public and a secret part, secrets made where none were given.

SettingsError    `faults` say where and why; values are never repeated, they may be secrets
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

Randomness = Callable[[int], bytes]
# More would tell nobody more.
_MOST_FAULTS = 50


class Fault(NamedTuple):
    """One thing wrong with an input: a JSON pointer (RFC 6901), a code for programs, words for people."""

    pointer: str
    code: str
    detail: str


class SettingsError(Exception):
    """The settings are not what the channel needs."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = faults


def pointer(*location: str | int) -> str:
    """The JSON pointer to a place in a document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def faults_of(error: ValidationError) -> tuple[Fault, ...]:
    """What pydantic found, without the values it found it in."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(Fault(pointer(*one["loc"]), one["type"], one["msg"]) for one in found[:_MOST_FAULTS])


class Settings(BaseModel):
    """Base of each channel's settings: a field of type `SecretStr` is secret, all others are public.

    `shown` names the made secrets that whoever makes the channel is told, once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    shown: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def make(cls, random: Randomness) -> dict[str, str]:
        """Fresh values for the secrets that may be left out."""
        return {}

    @classmethod
    def wants(cls, name: str, given: Mapping[str, Any]) -> bool:
        """Whether a secret that may be left out is made for these settings."""
        return True

    @classmethod
    def rotated(cls, kept: Mapping[str, str], now: datetime, random: Randomness) -> dict[str, Any]:
        """The settings that put a new secret in the place of the one `kept`; none where nothing is made."""
        return {}

    @classmethod
    def load(cls, public: Mapping[str, Any], secret: Mapping[str, str]) -> Self:
        """Check and read settings; raises `SettingsError`."""
        try:
            return cls.model_validate({**public, **secret})
        except ValidationError as error:
            raise SettingsError(faults_of(error)) from None


class Configuration(NamedTuple):
    """Settings as they are kept: `public` may be shown, `secret` is sealed, `made` is shown once."""

    public: dict[str, Any]
    secret: dict[str, str]
    made: dict[str, str]

    def __repr__(self) -> str:
        return f"Configuration(public={self.public!r}, secret names={sorted(self.secret)})"


def configure(
    settings_type: type[Settings],
    given: Mapping[str, Any],
    kept: Mapping[str, str] | None = None,
    random: Randomness = secrets.token_bytes,
) -> Configuration:
    """Check `given` settings, which may hold secrets; `kept` are the secrets from before.

    A secret neither given nor kept is made. Raises `SettingsError`.
    """
    before = dict(kept or {})
    missing = {
        name: value
        for name, value in settings_type.make(random).items()
        if given.get(name) is None and name not in before and settings_type.wants(name, given)
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    checked = settings_type.load({**missing, **chosen}, {k: v for k, v in before.items() if k not in chosen})
    values = checked.model_dump(mode="python")
    secret = {k: v.get_secret_value() for k, v in values.items() if isinstance(v, SecretStr)}
    public = {k: v for k, v in checked.model_dump(mode="json").items() if k not in secret and v is not None}
    shown = {name: value for name, value in missing.items() if name in settings_type.shown}
    return Configuration(public, secret, shown)
