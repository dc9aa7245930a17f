"""What a mailbox is set up with."""

import base64
import re
import ssl
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from channels.settings import Randomness, Settings

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
# The secrets that stand within parts of the settings, and the names they are kept by.
_WITHIN: Final = {
    ("imap", "password"): "imap_password",
    ("smtp", "password"): "smtp_password",
    ("oauth", "client_secret"): "oauth_client_secret",
    ("oauth", "refresh_token"): "oauth_refresh_token",
}


def _address(value: str) -> str:
    if len(value) > 254 or _ADDRESS.fullmatch(value) is None:
        raise ValueError("an address is like support@example.org")
    local, _, domain = value.rpartition("@")
    return f"{local}@{domain.lower()}"


def _plain(value: str) -> str:
    if not value.isprintable():
        raise ValueError("it has one line of printable characters")
    return value


def _authority(value: str) -> str:
    if value:
        try:
            ssl.create_default_context(cadata=value)
        except ssl.SSLError:
            raise ValueError("a certificate authority is given as PEM") from None
    return value


class Server(BaseModel):
    """A mail server. `tls`: true from the first byte (STARTTLS on port 587), "starttls", or false for none.

    `ca` is a certificate authority of your own as PEM, if the server's is not known to the system. Without a
    user nothing is said of who we are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_plain)]
    port: Annotated[int, Field(ge=1, le=65_535)]
    user: Annotated[str, Field(max_length=320), AfterValidator(_plain)] = ""
    tls: bool | Literal["starttls"] = True
    ca: Annotated[str, Field(max_length=20_000), AfterValidator(_authority)] = ""

    def context(self) -> ssl.SSLContext:
        """Certificates are always checked."""
        return ssl.create_default_context(cadata=self.ca or None)


class Imap(Server):
    """Where mail is fetched from."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 993
    folder: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)] = "INBOX"


class Smtp(Server):
    """Where mail is given to be sent."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 465


class OAuth(BaseModel):
    """Access tokens for XOAUTH2 instead of passwords, renewed at `token_url` (RFC 6749, section 6)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token_url: Annotated[str, Field(pattern=r"^https?://", max_length=2_000)]
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    scope: Annotated[str, Field(max_length=1_000)] = ""


class MailSettings(Settings):
    """`address` is the mailbox's own. Passwords are given within `imap` and `smtp` and kept sealed.

    `hook_secret` proves a POST to the hook and is made when left out. Without `smtp` nothing is sent, without
    `imap` mail comes by the hook alone. `reply_token`: replies come back to `support+…@`, which the mail
    server must deliver to the same mailbox. `signature` and `signature_html` end what people write, as
    templates that the desk fills in; either does. With `notices` what the desk has to tell its own people
    goes from here, too.
    """

    shown: ClassVar[frozenset[str]] = frozenset({"hook_secret"})

    address: Annotated[str, AfterValidator(_address)]
    name: Annotated[str, Field(max_length=200), AfterValidator(_plain)] = ""
    imap: Imap | None = None
    smtp: Smtp | None = None
    oauth: OAuth | None = None
    reply_token: bool = False
    notices: bool = False
    signature: Annotated[str, Field(max_length=5_000)] = ""
    signature_html: Annotated[str, Field(max_length=5_000)] = ""
    hook_secret: Annotated[SecretStr, Field(min_length=16, max_length=200)]
    thread_key: Annotated[SecretStr, Field(min_length=32, max_length=200)]
    imap_password: SecretStr = SecretStr("")
    smtp_password: SecretStr = SecretStr("")
    oauth_client_secret: SecretStr = SecretStr("")
    oauth_refresh_token: SecretStr = SecretStr("")

    @model_validator(mode="before")
    @classmethod
    def _secrets_aside(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        kept = dict(given)
        for (part, name), own in _WITHIN.items():
            inner = kept.get(part)
            if isinstance(inner, dict) and name in inner:
                kept[part] = {key: value for key, value in inner.items() if key != name}
                if inner[name] is not None:
                    kept[own] = inner[name]
        return kept

    @classmethod
    def make(cls, random: Randomness) -> dict[str, str]:
        """A secret for the hook, and the key that replies are recognised by."""
        return {"hook_secret": _text(random(24)), "thread_key": _text(random(32))}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
