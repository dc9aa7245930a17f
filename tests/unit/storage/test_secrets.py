"""Channel secrets at rest."""

from pathlib import Path

import pytest

from storage.secrets import SecretError, Secrets, load_key

KEY = bytes(range(32))
TOKEN = {"token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "nested": {"密码": [1, None]}}


def test_what_is_sealed_can_be_opened() -> None:
    """The same key and channel give back the same document."""
    secrets = Secrets(KEY)
    assert Secrets(KEY).open("chn_1", secrets.seal("chn_1", TOKEN)) == TOKEN


def test_nothing_shows_through() -> None:
    """The sealed form holds no readable part, differs each time, and says which form and key it has."""
    first, second = (Secrets(KEY).seal("chn_1", TOKEN) for _ in range(2))
    assert b"110201543" not in first
    assert b"token" not in first
    assert first[5:] != second[5:]
    assert (first[:1], first[:5]) == (b"\x01", second[:5])


def test_a_secret_belongs_to_its_channel() -> None:
    """Copied to another channel's row it does not open."""
    sealed = Secrets(KEY).seal("chn_1", TOKEN)
    with pytest.raises(SecretError, match="chn_2's secrets are damaged: set them again"):
        Secrets(KEY).open("chn_2", sealed)


@pytest.mark.parametrize("at", [5, 17, -1])
def test_a_changed_bit_is_noticed(at: int) -> None:
    """Nonce, ciphertext and tag are all covered."""
    sealed = bytearray(Secrets(KEY).seal("chn_1", TOKEN))
    sealed[at] ^= 1
    with pytest.raises(SecretError, match="damaged"):
        Secrets(KEY).open("chn_1", bytes(sealed))


@pytest.mark.parametrize(
    ("sealed", "says"),
    [
        (b"", "newer release"),
        (b"\x02" + bytes(40), "newer release"),
        (b"\x01" + bytes(40), "another key: put that key file back"),
        (Secrets(KEY).seal("chn_1", TOKEN)[:9], "damaged"),
    ],
    ids=["empty", "newer", "another-key", "cut"],
)
def test_what_cannot_be_opened_says_what_to_do(sealed: bytes, says: str) -> None:
    """A newer form, another key and a damaged value are told apart, without a word of the secret."""
    with pytest.raises(SecretError, match=says):
        Secrets(KEY).open("chn_1", sealed)


def test_a_key_has_32_bytes() -> None:
    """A shorter key is refused; the error does not show it."""
    with pytest.raises(SecretError, match="must be 32 bytes long; this one has 3") as caught:
        Secrets(b"abc")
    assert "abc" not in str(caught.value)


def test_the_key_is_made_on_first_use(tmp_path: Path) -> None:
    """The file is private, random, stays as it is, and nothing else is left in the folder."""
    path, other = tmp_path / "secrets.key", tmp_path / "other.key"
    key = load_key(path)
    assert (len(key), load_key(path), path.stat().st_mode & 0o777) == (32, key, 0o600)
    assert load_key(other) != key
    assert sorted(found.name for found in tmp_path.iterdir()) == ["other.key", "secrets.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A looser mode stops the start and names the command that mends it."""
    path = tmp_path / "secrets.key"
    load_key(path)
    path.chmod(mode)
    with pytest.raises(SecretError, match=f"run chmod 600 {path}$"):
        load_key(path)
