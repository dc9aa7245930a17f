"""Articles from and to files: every format gives the same rows, and every bad row is named."""

from datetime import UTC, datetime

from knowledgebase.article import Article, Variant
from knowledgebase.faq_page import read_html, write_html
from knowledgebase.formats import (
    read_csv,
    read_jsonl,
    read_markdown,
    write_csv,
    write_jsonl,
    write_markdown,
)
from knowledgebase.rows import Fault, Raw, checked

REFUND = Article(
    id="art_refund",
    title="退款要多久？",
    answer="三天，\n“最多”五天。",
    phrasings=("退款多久到账", "钱什么时候退"),
    language="zh",
    tags=("orders", "money"),
    folder="Orders/Refunds",
    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    variants=(Variant(answer="19 %", when={"country": ("DE",)}),),
)
PLAIN = Article(id="a.b", title="Hours", answer="# Nine\n\n---\nto five", phrasings=(), internal=True)
BOTH = [(REFUND, 3), (PLAIN, 1)]


def places(faults: list[Fault]) -> list[tuple[str, str]]:
    """Where the faults are, and their codes."""
    return [(fault.place, fault.code) for fault in faults]


def test_every_format_gives_back_what_was_written() -> None:
    """JSON lines, CSV and Markdown lose nothing of an article."""
    read = {
        "jsonl": checked(read_jsonl(write_jsonl(BOTH).encode(), "utf-8")),
        "csv": checked(read_csv(write_csv(BOTH).encode(), "utf-8")),
        "md": checked(
            read_markdown(f"x/{one.id}.md", write_markdown(one, version).encode(), "utf-8")
            for one, version in BOTH
        ),
    }
    found = {form: ([row.article for row in rows], faults) for form, (rows, faults) in read.items()}
    assert found["jsonl"] == ([REFUND, PLAIN], [])
    assert found["csv"] == ([REFUND, PLAIN], [])
    # A folder that the front matter does not name is the file's own.
    assert [row.version for row in read["md"][0]] == [3, 1]
    assert found["md"][0][0] == REFUND
    assert found["md"][0][1].answer == PLAIN.answer


def test_every_bad_line_is_named() -> None:
    """Wrong bytes, no JSON, no answer, a double, a wrong type: each with its place; the good one is kept."""
    lines = [
        b'{"id": "a", "title": "A", "answer": "1"}',
        b'{"id": "b", "title": "\xff", "answer": "1"}',
        b"{",
        b"",
        b'{"id": "c", "title": "C"}',
        b'{"id": "a", "title": "A", "answer": "2"}',
        b'{"id": "d", "title": "D", "answer": "1", "phrasings": "one"}',
        b'{"id": "e", "title": "E\\u0000", "answer": "1"}',
        b"[1]",
        b'{"id": "f", "title": "F", "answer": "1", "valid_to": "2020-01-01", "valid_from": "2021-01-01"}',
    ]
    rows, faults = checked(read_jsonl(b"\n".join(lines), "utf-8"))
    assert [row.article.id for row in rows] == ["a"]
    assert places(faults) == [
        ("line 2", "unreadable"),
        ("line 3", "unreadable"),
        ("line 5", "missing"),
        ("line 6", "duplicate"),
        ("line 7", "invalid"),
        ("line 8", "control_character"),
        ("line 9", "unreadable"),
        ("line 10", "invalid"),
    ]


def test_csv_takes_what_spreadsheets_write() -> None:
    """A byte order mark, semicolons, Chinese headings, cells with line breaks; bad rows by their number."""
    content = (
        '\ufeff问题;答案;相似问法\n退货?;"七天,\n无理由";"怎么退\n能退吗"\n;没有问题;\nHours;;\na;b;c;d\n'
    )
    rows, faults = checked(read_csv(content.encode(), "utf-8"))
    assert [(row.article.title, row.article.answer, row.article.phrasings) for row in rows] == [
        ("退货?", "七天,\n无理由", ("怎么退", "能退吗"))
    ]
    assert places(faults) == [("row 2", "missing"), ("row 3", "missing"), ("row 4", "unreadable")]
    gbk = "title,answer\n退货,七天\n".encode("gb18030")
    assert places(checked(read_csv(gbk, "utf-8"))[1]) == [("row 1", "unreadable")]
    assert [row.article.title for row in checked(read_csv(gbk, "gb18030"))[0]] == ["退货"]
    assert places(checked(read_csv(b"a,b\n1,2\n", "utf-8"))[1]) == [("line 1", "unreadable")]
    assert places(checked(read_csv(b'title,answer\n"a,b\n', "utf-8"))[1]) == [("line 2", "unreadable")]


def test_the_same_file_makes_the_same_ids() -> None:
    """Without an id it is the title and the language that tell an article."""
    rows, faults = checked(
        [Raw("1", {"title": "Hours ", "answer": "x"}), Raw("2", {"title": "hours", "answer": "y"})]
    )
    assert ([row.article.title for row in rows], places(faults)) == (["Hours"], [("2", "duplicate")])


def test_markdown_is_read_as_people_write_it() -> None:
    """The first heading is the title, the folder that of the file; bad front matter names its file."""
    raw = read_markdown("returns/how.md", b"# How to return\r\n\r\nSend it *back*.\r\n", "utf-8")
    (row,), _ = checked([raw])
    assert (row.article.id, row.article.title, row.article.answer, row.article.folder) == (
        "returns.how",
        "How to return",
        "Send it *back*.",
        "returns",
    )
    bomb = b"---\na: &a [x, x]\nb: [*a, *a]\n---\nx"
    bad = [
        read_markdown("a.md", b"---\ntitle: [\n---\nx", "utf-8"),
        read_markdown("b.md", bomb, "utf-8"),
        read_markdown("c.md", b"\xff", "utf-8"),
        read_markdown("d.md", b"# Only a title", "utf-8"),
        read_markdown("e.md", b"---\n- 1\n---\nx", "utf-8"),
    ]
    assert places(checked(bad)[1]) == [
        *[("a.md", "unreadable"), ("b.md", "unreadable"), ("c.md", "unreadable"), ("d.md", "missing")],
        ("e.md", "unreadable"),
    ]


def read_page(html: str) -> list[tuple[str, str, str]]:
    """(title, answer, folder) of each question on a page."""
    rows, faults = checked(read_html(html.encode(), "utf-8"))
    assert faults == []
    return [(row.article.title, row.article.answer, row.article.folder) for row in rows]


def test_a_faq_page_is_read_however_it_is_built() -> None:
    """schema.org's document, details, definition lists, headings; links and lists stay."""
    ld = """<html lang="en-GB"><script type="application/ld+json">{"@graph": [
      {"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "How &amp; when?",
       "acceptedAnswer": {"@type": "Answer", "text": "<p>In <b>May</b>.</p><p>Or June.</p>"}}]}]}</script>"""
    details = "<details><summary>Where?</summary><p>Here:</p><ul><li>A</li><li>B</li></ul></details><p>Footer"
    listed = '<dl><dt>Who?<dd>Ask <a href="https://x.example/">us</a>.<dt>What?<dd>All</dl>'
    headed = "<h1>FAQ</h1><h2>Orders</h2><h3>How?</h3>So<br>so.<script>x</script><h3>Why?</h3><p>Because.</p>"
    assert read_page(ld) == [("How & when?", "In May.\n\nOr June.", "")]
    assert read_page(details) == [("Where?", "Here:\n\n- A\n- B", "")]
    assert read_page(listed) == [("Who?", "Ask [us](https://x.example/).", ""), ("What?", "All", "")]
    assert read_page(headed) == [("How?", "So\nso.", "Orders"), ("Why?", "Because.", "Orders")]
    assert read_page(write_html(BOTH))[0][:2] == (REFUND.title, REFUND.answer)
    assert places(checked(read_html(b"<p>nothing", "utf-8"))[1]) == [("the page", "unreadable")]
    assert places(checked(read_html(b"<dl><dt>Q<dd></dl>", "utf-8"))[1]) == [("question 1", "missing")]


def test_deep_or_broken_html_takes_no_longer() -> None:
    """A hundred thousand open tags are read like any others."""
    html = "<div>" * 100_000 + "<dl><dt>Q<dd>A</dl>" + "<" * 1_000
    assert read_page(html) == [("Q", "A", "")]
