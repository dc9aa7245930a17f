"""Where settings come from, what they are when nobody says, and the sentence that refuses a wrong one."""

import os
from base64 import b64encode
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.settings import LOOPBACK, SettingsError, load, settings_key


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a file, and no variables of the desk's."""
    for variable in [name for name in os.environ if name.upper().startswith("FRONTDESK_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(**flags: object) -> str:
    """The sentence with which the settings are refused."""
    with pytest.raises(SettingsError) as caught:
        load(**flags)
    return str(caught.value)


def test_nothing_needs_to_be_set() -> None:
    """Without file, variables and flags the desk listens on this machine only and keeps its data here."""
    settings = load()
    assert (settings.host, settings.port, settings.data) == ("127.0.0.1", 8080, Path(".frontdesk"))
    assert (settings.reopen_days, settings.self_serve_hours, settings.target_precision) == (7, 24, 0.9)


def test_flags_win_over_variables_and_variables_over_the_file(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same setting in all three places has the flag's value, and so on down."""
    (nowhere / "frontdesk.toml").write_text('host = "10.0.0.1"\nport = 1\npartitions = 2\n')
    monkeypatch.setenv("FRONTDESK_HOST", "10.0.0.2")
    monkeypatch.setenv("FRONTDESK_PORT", "2")
    settings = load(port=3)
    assert (settings.port, settings.host, settings.partitions) == (3, "10.0.0.2", 2)


def test_a_flag_that_was_not_given_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag of None leaves the variable its say."""
    monkeypatch.setenv("FRONTDESK_PORT", "2")
    assert load(port=None).port == 2


def test_the_file_can_stand_elsewhere(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FRONTDESK_CONFIG names the file."""
    (nowhere / "other.toml").write_text("port = 7")
    monkeypatch.setenv("FRONTDESK_CONFIG", "other.toml")
    assert load().port == 7


def test_an_empty_variable_is_one_that_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files and unit files pass on empty variables; they change nothing."""
    monkeypatch.setenv("FRONTDESK_PORT", "")
    assert load().port == 8080


def test_networks_are_lists_in_the_file_and_commas_in_a_variable(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both forms give the same networks."""
    (nowhere / "frontdesk.toml").write_text('callback_allow = ["10.0.0.0/8", "::1/128"]')
    monkeypatch.setenv("FRONTDESK_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128")
    settings = load()
    assert settings.callback_allow == settings.trusted_proxies == LOOPBACK_AND_TEN


LOOPBACK_AND_TEN = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    ("host", "allowed"),
    [("127.0.0.1", LOOPBACK), ("::1", LOOPBACK), ("localhost", LOOPBACK), ("0.0.0.0", ()), ("10.1.2.3", ())],  # noqa: S104
)
def test_outbound_calls_reach_this_machine_only_while_nobody_else_reaches_the_desk(
    host: str, allowed: tuple[object, ...]
) -> None:
    """The default of callback_allow is loopback while the desk itself listens on loopback, else nothing."""
    assert load(host=host).callback_allow == allowed


def test_what_callbacks_may_reach_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value given wins over the default, whatever the host."""
    monkeypatch.setenv("FRONTDESK_CALLBACK_ALLOW", "10.0.0.0/8")
    assert load(host="0.0.0.0").callback_allow == (ip_network("10.0.0.0/8"),)  # noqa: S104


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("FRONTDESK_PORT", "abc", "FRONTDESK_PORT must be a number from 0 (any free port) to 65535."),
        ("FRONTDESK_PORT", "65536", "FRONTDESK_PORT must be a number from 0 (any free port) to 65535."),
        ("FRONTDESK_API_RATE", "nan", "FRONTDESK_API_RATE must be requests a second for one token, above 0."),
        ("FRONTDESK_LOG_FORMAT", "xml", "FRONTDESK_LOG_FORMAT must be auto, json or console."),
        (
            "FRONTDESK_TRUSTED_PROXIES",
            "10.0.0.1/8",
            "FRONTDESK_TRUSTED_PROXIES must be networks in CIDR form, parted by commas.",
        ),
        (
            "FRONTDESK_PUBLIC_URL",
            "desk.example.org",
            "FRONTDESK_PUBLIC_URL must be the address that customers and agents use, such as "
            "https://desk.example.org.",
        ),
        ("FRONTDESK_PROT", "1", "The variable FRONTDESK_PROT is not a setting: did you mean FRONTDESK_PORT?"),
        ("FRONTDESK_XYZZY", "1", "The variable FRONTDESK_XYZZY is not a setting: unset it."),
        ("FRONTDESK_CONFIG", "no.toml", "FRONTDESK_CONFIG is 'no.toml', but there is no such file."),
    ],
)
def test_a_wrong_variable_is_refused_in_one_sentence(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the variable and says what it must be."""
    monkeypatch.setenv(variable, value)
    assert refusal() == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 1", "prot in frontdesk.toml is not a setting: did you mean port?"),
        ("xyzzy = 1", "xyzzy in frontdesk.toml is not a setting: take it out."),
        ("port = -1", "port in frontdesk.toml must be a number from 0 (any free port) to 65535."),
        ("port = ", "frontdesk.toml is not TOML: Invalid value (at end of document)."),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(nowhere: Path, text: str, sentence: str) -> None:
    """The sentence names the key and the file."""
    (nowhere / "frontdesk.toml").write_text(text)
    assert refusal() == sentence


def test_a_wrong_flag_is_refused_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag is to blame for itself, also where the variable is set."""
    monkeypatch.setenv("FRONTDESK_PORT", "1")
    assert refusal(port=70000) == "--port must be a number from 0 (any free port) to 65535."


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FRONTDESK_AMQP_URL", "amqp://desk:hunter2@mq/"),
        ("FRONTDESK_REDIS_URL", "rediss://:hunter2@cache:6379/0"),
        ("FRONTDESK_BLOBS_URL", "s3://desk:hunter2@blobs/bucket?region=eu-central-1"),
        ("FRONTDESK_BLOBS_URL", "https://desk:hunter2@blobs:8333/bucket"),
    ],
)
def test_servers_take_the_place_of_embedded_parts(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each can be set on its own, and none is shown when settings are printed."""
    monkeypatch.setenv(variable, value)
    settings = load()
    kept = getattr(settings, variable.removeprefix("FRONTDESK_").lower())
    assert (kept.get_secret_value(), "hunter2" in repr(settings)) == (value, False)


@pytest.mark.parametrize(
    "value", ["s3://blobs/bucket", "s3://desk:hunter2@blobs", "ftp://desk:hunter2@blobs/bucket"]
)
def test_a_blob_store_needs_credentials_and_a_bucket(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them the address is refused, and not quoted."""
    monkeypatch.setenv("FRONTDESK_BLOBS_URL", value)
    assert refusal() == "FRONTDESK_BLOBS_URL must be an address such as s3://key:secret@host/bucket."


def test_each_address_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server for one part leaves the others embedded; several lanes pay off where several can write."""
    for name, url, partitions in (
        ("FRONTDESK_DATABASE_URL", "postgresql://desk@localhost/desk", 4),
        ("FRONTDESK_AMQP_URL", "amqp://localhost/", 4),
        ("FRONTDESK_REDIS_URL", "redis://localhost/", 1),
        ("FRONTDESK_BLOBS_URL", "s3://key:secret@localhost/bucket", 1),
    ):
        monkeypatch.setenv(name, url)
        assert load().partitions == partitions
        monkeypatch.delenv(name)


@pytest.mark.parametrize("value", ["", "c2hvcnQ=", "not base64 at all, but 44 characters of text!"])
def test_the_key_must_be_32_bytes(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is unset; any other that is no key is refused without being shown."""
    monkeypatch.setenv("FRONTDESK_SECRET_KEY", value)
    if not value:
        assert load().secret_key is None
        return
    assert refusal() == (
        "FRONTDESK_SECRET_KEY must be 32 random bytes in base64, as `openssl rand -base64 32` prints them."
    )


def test_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the settings' own text nor in a log of them."""
    key = b64encode(bytes(range(32))).decode()
    monkeypatch.setenv("FRONTDESK_SECRET_KEY", key)
    settings = load()
    assert settings.secret_key is not None
    assert (settings_key(settings.secret_key), key in repr(settings)) == (bytes(range(32)), False)


def test_a_wrong_address_does_not_repeat_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address of another scheme is refused without being quoted."""
    monkeypatch.setenv("FRONTDESK_DATABASE_URL", "mysql://desk:hunter2@db/desk")
    assert refusal() == (
        "FRONTDESK_DATABASE_URL must be an address such as postgresql://user:password@host/name."
    )


def test_settings_do_not_change() -> None:
    """What was handed down stays as it was read."""
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1  # type: ignore[misc]
