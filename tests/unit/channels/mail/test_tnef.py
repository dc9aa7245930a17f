"""winmail.dat: what Outlook wrapped is read as if it had not been."""

import base64
from hashlib import sha256

import pytest

from channels.mail.message import Read
from channels.mail.parse import read
from tests.unit.channels.mail.winmail import winmail

HELLO_WORLD = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
FILES = (("Rechnung für März 2026.pdf", b"%PDF-1.4 lamp"), ("灯.txt", b"a lamp"))


def wrapped(content: bytes, text: str = "", type_: str = "application/ms-tnef") -> Read:
    """What is read of a mail that carries it, as Exchange sends one to somebody outside."""
    lines = [
        "From: Ann <ann@example.org>",
        "Subject: Lamp",
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
        "--b",
        f'Content-Type: {type_}; name="winmail.dat"',
        "Content-Transfer-Encoding: base64",
        'Content-Disposition: attachment; filename="winmail.dat"',
        "",
        base64.encodebytes(content).decode(),
        "--b--",
        "",
    ]
    return read("\r\n".join(lines).encode())


@pytest.mark.parametrize("type_", ["application/ms-tnef", "application/octet-stream"])
def test_body_and_files_come_out(type_: str) -> None:
    """Names are the long ones, in any script; the wrapping itself is no attachment."""
    found = wrapped(winmail(body="Die Lampe flackert – größer?", files=FILES), type_=type_)
    assert (found.mail.quarantined, found.mail.text) == (None, "Die Lampe flackert – größer?")
    told = [(one.name, one.size, one.sha256) for one in found.mail.attachments]
    assert told == [(name, len(data), sha256(data).hexdigest()) for name, data in FILES]
    assert found.files == tuple(data for _, data in FILES)
    assert found.mail.attachments[0].type == "application/pdf"


def test_html_within_is_cleaned_like_any() -> None:
    """And gives the text, where there is no other."""
    found = wrapped(winmail(html="<p>它<b>闪</b>烁</p><script>alert(1)</script>")).mail
    assert (found.text, "script" in found.html_safe) == ("它闪烁", False)
    assert "<b>闪</b>" in found.html_safe


def test_a_text_beside_it_is_believed() -> None:
    """What the mail says outside of it is what its author's program wrote for everybody."""
    found = wrapped(winmail(body="within", files=FILES[:1]), text="Outside.").mail
    assert (found.text, len(found.attachments)) == ("Outside.", 1)


@pytest.mark.parametrize("length", [5, 40, 120, 200])
def test_one_that_was_cut_off_loses_no_mail(length: int) -> None:
    """The rest of the mail is read; what can't be unwrapped is kept as a file."""
    found = wrapped(winmail(body="Hello", files=FILES)[:length], text="Outside.").mail
    assert (found.quarantined, found.text) == (None, "Outside.")


def test_rich_text_is_read_where_there_is_nothing_else() -> None:
    """As Outlook compresses it (the example of MS-OXRTFCP, 4.1.1)."""
    found = wrapped(winmail(rtf=HELLO_WORLD, files=FILES[:1])).mail
    assert (found.text, [one.name for one in found.attachments]) == ("hello world", [FILES[0][0]])


def test_rich_text_that_can_t_be_read_is_a_file() -> None:
    """What wraps it is kept, so that nothing is lost."""
    found = wrapped(winmail(rtf=b"no rich text at all"), text="").mail
    assert (found.quarantined, found.text) == (None, "")
    assert [one.name for one in found.attachments] == ["winmail.dat"]
