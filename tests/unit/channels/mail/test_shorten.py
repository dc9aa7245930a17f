"""Of a very long mail its beginning is kept to be read, and all of it as a file."""

from channels.mail.limits import LONGEST_KEPT, LONGEST_KEPT_HTML
from channels.mail.message import File, Mail, Read
from channels.mail.shorten import shortened


def test_what_is_of_a_usual_length_stays_as_it_is() -> None:
    """Up to the very limit."""
    found = Read(mail=Mail(text="x" * LONGEST_KEPT, html_safe="<" * LONGEST_KEPT_HTML))
    assert shortened(found) is found


def test_a_longer_text_is_cut_and_all_of_it_a_file_after_the_others() -> None:
    """With what its author wrote."""
    photo = File(name="a.png", type="image/png", size=1, sha256="0" * 64)
    text = "好" * (LONGEST_KEPT + 1)
    found = shortened(Read(mail=Mail(text=text, reply_text=text, attachments=(photo,)), files=(b"p",)))
    assert found.mail.cut
    assert found.mail.text == found.mail.reply_text == text[:-1]
    assert [(one.name, one.size) for one in found.mail.attachments] == [
        ("a.png", 1),
        ("message.txt", 3 * len(text)),
    ]
    assert found.files == (b"p", text.encode())


def test_html_that_is_longer_is_a_file_alone() -> None:
    """The text beside it is whole, so nothing says that it was cut."""
    rich = "<p>Hello</p>" * LONGEST_KEPT
    found = shortened(Read(mail=Mail(text="Hello", html_safe=rich)))
    assert (found.mail.text, found.mail.html_safe, found.mail.cut) == ("Hello", "", False)
    assert [one.name for one in found.mail.attachments] == ["message.html"]
    assert found.files == (rich.encode(),)
