"""Settings: read once, from frontdesk.toml, then FRONTDESK_ variables, then flags, and handed down.

A field's description says what its value must be; it is the end of the sentence that refuses another one.
"""

import difflib
import os
import tomllib
from base64 import b64decode
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bus.topology import MOST_PARTITIONS

PREFIX = "FRONTDESK_"
CONFIG = "FRONTDESK_CONFIG"
FILE = Path("frontdesk.toml")

Network = IPv4Network | IPv6Network
_KEY_BYTES = 32
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class SettingsError(Exception):
    """A setting is wrong; the text is one sentence that names it and what it must be."""


def _networks(value: Any) -> Any:
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(ip_network(str(part).strip()) for part in parts if str(part).strip())


def _address(*schemes: str) -> AfterValidator:
    def check(value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = urlsplit(value.get_secret_value())
            if parts.scheme not in schemes or not parts.hostname:
                raise ValueError
        return value

    return AfterValidator(check)


def _with_bucket(value: SecretStr | None) -> SecretStr | None:
    parts = urlsplit(value.get_secret_value()) if value is not None else None
    if parts is not None and not (parts.username and parts.password and parts.path.strip("/")):
        raise ValueError
    return value


def _public_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
        raise ValueError
    return value.rstrip("/")


_WITH_BUCKET = AfterValidator(_with_bucket)
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]


def _only_loopback_reaches(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _callback_default(given: dict[str, Any]) -> tuple[Network, ...]:
    # What listens on every address may be reached by strangers, who must not steer calls to its neighbours.
    return LOOPBACK if _only_loopback_reaches(given.get("host", "")) else ()


def _partitions_default(given: dict[str, Any]) -> int:
    # The embedded store has one writer: its lanes would only take turns, with smaller batches each.
    return 4 if given.get("amqp_url") or given.get("database_url") else 1


def settings_key(value: SecretStr) -> bytes:
    """The key in its text of base64; raises `ValueError`."""
    key = b64decode(value.get_secret_value().strip(), validate=True)
    if len(key) != _KEY_BYTES:
        raise ValueError
    return key


def _a_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        settings_key(value)
    return value


TargetPrecision = Annotated[float, Field(ge=0.5, lt=1)]
"""The share of the knowledge base's answers that is to be right."""


class Settings(BaseSettings):
    """Everything the desk's processes are told from outside. Secrets are masked when printed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    host: str = Field("127.0.0.1", min_length=1, description="an address to listen on, such as 127.0.0.1")
    port: int = Field(8080, ge=0, le=65535, description="a number from 0 (any free port) to 65535")
    data: Path = Field(Path(".frontdesk"), description="a folder")
    database_url: Annotated[SecretStr | None, _address("postgresql", "postgres")] = Field(
        None, description="an address such as postgresql://user:password@host/name"
    )
    amqp_url: Annotated[SecretStr | None, _address("amqp", "amqps")] = Field(
        None, description="an address such as amqp://user:password@host/"
    )
    redis_url: Annotated[SecretStr | None, _address("redis", "rediss")] = Field(
        None, description="an address such as redis://host:6379/0"
    )
    blobs_url: Annotated[SecretStr | None, _address("s3", "http", "https"), _WITH_BUCKET] = Field(
        None, description="an address such as s3://key:secret@host/bucket"
    )
    secret_key: Annotated[SecretStr | None, AfterValidator(_a_key)] = Field(
        None, description="32 random bytes in base64, as `openssl rand -base64 32` prints them"
    )
    public_url: Annotated[str, AfterValidator(_public_url)] = Field(
        "", description="the address that customers and agents use, such as https://desk.example.org"
    )
    trusted_proxies: Networks = Field((), description="networks in CIDR form, parted by commas")
    callback_allow: Networks = Field(
        default_factory=_callback_default, description="networks in CIDR form, parted by commas"
    )
    partitions: int = Field(
        default_factory=_partitions_default, ge=1, le=MOST_PARTITIONS, description="a number from 1 to 64"
    )
    spool_mb: int = Field(
        1024, ge=0, le=1_000_000, description="a number of megabytes from 0 (no spool) to 1000000"
    )
    retention_days: float | None = Field(
        None, ge=1, le=36_500, description="a number of days from 1 to 36500, or unset to keep everything"
    )
    api_rate: float = Field(200, gt=0, le=100_000, description="requests a second for one token, above 0")
    hook_rate: float = Field(200, gt=0, le=100_000, description="requests a second for one hook, above 0")
    log_format: Literal["auto", "json", "console"] = Field("auto", description="auto, json or console")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error"
    )
    default_language: Literal["en", "zh"] = Field("en", description="en or zh")
    reopen_days: float = Field(7, ge=0, le=3650, description="a number of days from 0 to 3650")
    rules_approval: bool = Field(False, description="true or false: a second admin must approve rules")
    self_serve_hours: float = Field(24, gt=0, le=8760, description="a number of hours, above 0, to 8760")
    bot_turns: int = Field(6, ge=1, le=50, description="a number from 1 to 50")
    cool_down_seconds: float = Field(180, ge=0, le=86_400, description="seconds from 0 to 86400")
    last_choice_seconds: float = Field(600, ge=0, le=86_400, description="seconds from 0 to 86400")
    fair_offers: int = Field(0, ge=0, le=100_000, description="a number, 0 for no limit")
    fair_seconds: float = Field(3600, gt=0, le=604_800, description="seconds, above 0, to 604800")
    away_after_missed: int = Field(3, ge=0, le=1000, description="a number of offers, 0 for never")
    target_precision: TargetPrecision = Field(0.9, description="a share from 0.5 to below 1")
    encoder: str = Field(
        "auto", min_length=1, max_length=100, description="auto, lexical, or the name of an encoder"
    )

    @property
    def database_file(self) -> Path:
        """The embedded store and bus."""
        return self.data / "frontdesk.db"

    @property
    def blobs_folder(self) -> Path:
        """The embedded blob store."""
        return self.data / "blobs"

    @property
    def key_file(self) -> Path:
        """The key that encrypts channel secrets where the settings hold none; made when first needed."""
        return self.data / "secret.key"

    def hook_url(self, channel_id: str) -> str:
        """Where a platform calls a channel."""
        return self.link(f"/hooks/{channel_id}")

    def link(self, path: str) -> str:
        """A page's address, as others reach it."""
        return f"{self.public_url or f'http://{self.host}:{self.port}'}{path}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags before variables before the file; nothing else is looked at."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _file())


def load(**flags: Any) -> Settings:
    """The settings; a flag that is None was not given. Raises `SettingsError`."""
    given = {name: value for name, value in flags.items() if value is not None}
    _refuse_unknown_variables()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError(_sentence(error.errors(include_url=False)[0], given)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{_file()} is not TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{_file()} can't be read: {error}.") from None
    return settings


def _file() -> Path:
    if named := os.environ.get(CONFIG):
        if not Path(named).is_file():
            raise SettingsError(f"{CONFIG} is {named!r}, but there is no such file.")
        return Path(named)
    return FILE


def _refuse_unknown_variables() -> None:
    for variable in sorted(os.environ):
        name = variable.lower().removeprefix(PREFIX.lower())
        if name != variable.lower() and name not in Settings.model_fields and variable.upper() != CONFIG:
            close = _closest(name)
            fix = f"did you mean {PREFIX}{close.upper()}?" if close else "unset it."
            raise SettingsError(f"The variable {variable} is not a setting: {fix}")


def _closest(name: str) -> str:
    return next(iter(difflib.get_close_matches(name, Settings.model_fields, 1)), "")


def _origin(name: str, flags: dict[str, Any]) -> str:
    variables = {variable.upper(): variable for variable in os.environ}
    if name in flags:
        return f"--{name.replace('_', '-')}"
    return variables.get(PREFIX + name.upper()) or f"{name} in {_file()}"


def _sentence(error: ErrorDetails, flags: dict[str, Any]) -> str:
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        close = _closest(name)
        fix = f"did you mean {close}?" if close else "take it out."
        return f"{name} in {_file()} is not a setting: {fix}"
    return f"{_origin(name, flags)} must be {Settings.model_fields[name].description}."
