"""`frontdesk mail` as other programs drive it."""

import json
import subprocess
from pathlib import Path

from tests.desk import FRONTDESK, environment
from tests.integration.test_cli_streams import answers
from tests.unit.channels.mail.killers import KILLERS

LETTER = (
    b"From: =?utf-8?b?546L?= <wang@example.org>\r\nTo: desk@example.org\r\nCc: Bob <bob@example.org>\r\n"
    b"Subject: =?gb2312?B?1cXI/Q==?=\r\nMessage-ID: <2@example.org>\r\nIn-Reply-To: <1@desk.example>\r\n"
    b"References: <0@desk.example>\r\n <1@desk.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    + "好的\r\n\r\n在 2019/7/18 11:15, ZHOU 写道:\r\n> 旧\r\n".encode()
)


def test_a_letter_from_standard_input_is_told_as_the_contract_says(tmp_path: Path) -> None:
    """Each field by its name, and nothing else."""
    assert answers(tmp_path, ["mail", "parse", "-"], LETTER) == [
        {
            "file": "-",
            "from": {"name": "王", "email": "wang@example.org"},
            "to": [{"name": "", "email": "desk@example.org"}],
            "cc": [{"name": "Bob", "email": "bob@example.org"}],
            "subject": "张三",
            "text": "好的\n\n在 2019/7/18 11:15, ZHOU 写道:\n> 旧",
            "reply_text": "好的",
            "html_safe": "",
            "attachments": [],
            "message_id": "<2@example.org>",
            "in_reply_to": "<1@desk.example>",
            "references": ["<0@desk.example>", "<1@desk.example>"],
            "automatic": False,
            "bounce": None,
            "quarantined": None,
        }
    ]


def test_files_are_told_in_their_order_whatever_is_in_them(tmp_path: Path) -> None:
    """A killer is set aside and the next file is read."""
    (tmp_path / "killer.eml").write_bytes(KILLERS["50,000 parts"][0])
    (tmp_path / "letter.eml").write_bytes(LETTER)
    told = answers(tmp_path, ["mail", "parse", "killer.eml", "letter.eml"], b"")
    assert [(one["file"], one["quarantined"], one["reply_text"]) for one in told] == [
        ("killer.eml", "it has more than 1000 parts", ""),
        ("letter.eml", None, "好的"),
    ]


def test_a_file_that_is_not_there_fails_in_words(tmp_path: Path) -> None:
    """The sentence names it, and the status is 1."""
    done = subprocess.run(
        [str(FRONTDESK), "mail", "parse", "none.eml"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=environment(tmp_path / "data"),
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"none.eml can't be read: No such file or directory." in done.stderr


def test_texts_are_stripped_line_by_line(tmp_path: Path) -> None:
    """Plain text and HTML; a line that is no string is said to be none."""
    lines = [
        json.dumps("Yes\n\n> no"),
        json.dumps("<p>Yes<blockquote>no</blockquote>"),
        "[]",
        json.dumps("是"),
    ]
    assert answers(tmp_path, ["mail", "strip"], "\n".join(lines).encode()) == [
        "Yes",
        "Yes",
        {"error": "a line is one JSON string"},
        "是",
    ]
