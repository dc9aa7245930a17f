"""The public help pages, as a reader without an account sees them."""

from typing import Any

import aiohttp

from storage import articles
from tests.integration.conftest import Desk


async def write(desk: Desk, **fields: Any) -> str:
    """The id of an article with these fields."""
    made = await desk.ask("POST", "/api/v1/articles", fields)
    assert made.status == 201, made.body
    return str(made.body["id"])


async def page(desk: Desk, path: str, **rest: Any) -> str:
    """A page's HTML."""
    answer = await desk.ask("GET", path, role=None, **rest)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return str(answer.body.decode())


async def test_readers_find_articles_in_their_language(desk: Desk) -> None:
    """The list holds what is public in the reader's language; a translation stands in for its original."""
    english = await write(desk, title="Returns & refunds", answer="30 days.", language="en", folder="Orders")
    await write(
        desk, title="退货退款", answer="30 天。", language="zh", translation_of=english, folder="订单"
    )
    await write(desk, title="Secret", answer="x", language="en", internal=True)
    await write(desk, title="Unfinished", answer="x", language="en", draft=True)
    in_english, in_chinese = await page(desk, "/help?lang=en"), await page(desk, "/help?lang=zh")
    assert ("Returns &amp; refunds" in in_english, "退货退款" in in_english) == (True, False)
    assert ("Returns" in in_chinese, "退货退款" in in_chinese, "帮助中心" in in_chinese) == (
        False,
        True,
        True,
    )
    assert [word for word in ("Secret", "Unfinished") if word in in_english] == []
    assert "帮助中心" in await page(desk, "/help", headers={"Accept-Language": "zh-CN,en;q=0.5"})


async def test_search_looks_into_answers(desk: Desk) -> None:
    """Words of the answer find an article, what is asked is shown as text, other languages come after."""
    await write(desk, title="Shipping", answer="Parcels leave from Rotterdam.", language="en")
    await write(desk, title="发货", answer="从 Rotterdam 发出。", language="zh")
    found = await page(desk, "/help?lang=zh&q=rotterdam")
    assert found.index("发货") < found.index("其他语言") < found.index("Shipping")
    nothing = await page(desk, "/help?lang=en&q=%3Cscript%3E")
    assert "We found nothing for “&lt;script&gt;”" in nothing


async def test_an_answer_is_markdown_without_html(desk: Desk) -> None:
    """Links, lists and the article's own pictures work; HTML is text; no picture comes from elsewhere."""
    upload = await desk.ask(
        "POST", "/api/v1/uploads?name=map.png", data=b"\x89PNG", headers={"Content-Type": "image/png"}
    )
    answer = (
        "**Here**: ![](up.png) ![m](file) <b>x</b> https://example.org/a. ![](https://evil.example/p.png)"
    )
    article = await write(
        desk, title="Map", answer=answer.replace("up.png", "file"), attachments=[upload.body["upload_id"]]
    )
    name = (await desk.ask("GET", f"/api/v1/articles/{article}")).body["attachments"][0]
    await desk.ask("PATCH", f"/api/v1/articles/{article}", {"answer": answer.replace("file", name)})
    html = await page(desk, f"/help/articles/{article}")
    assert "<strong>Here</strong>" in html
    assert f'<img src="/help/articles/{article}/files/0" alt="m">' in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert '<a href="https://example.org/a" rel="noopener nofollow">https://example.org/a</a>.' in html
    assert "evil.example" not in html
    picture = await desk.ask("GET", f"/help/articles/{article}/files/0", role=None)
    assert (picture.status, picture.headers["Content-Type"], picture.body) == (200, "image/png", b"\x89PNG")


async def test_internal_articles_are_not_there(desk: Desk) -> None:
    """Neither the page nor its files nor a vote."""
    hidden = await write(desk, title="Secret", answer="x", internal=True)
    at = f"/help/articles/{hidden}"
    assert (await desk.ask("GET", at, role=None)).status == 404
    assert (await desk.ask("GET", f"{at}/files/0", role=None)).status == 404
    assert (await desk.ask("POST", f"{at}/vote", role=None, data={"helpful": "yes"})).status == 404


async def test_readers_say_whether_it_was_helpful(desk: Desk) -> None:
    """A vote is counted and thanked for; anything else than yes or no is refused."""
    article = await write(desk, title="Hours", answer="Nine to five.")
    at = f"/help/articles/{article}/vote?lang=en"
    for said in ("yes", "no", "yes"):
        form = aiohttp.FormData({"helpful": said})
        voted = await desk.ask("POST", at, role=None, data=form, allow_redirects=False)
        assert (voted.status, voted.headers["Location"]) == (
            303,
            f"/help/articles/{article}?lang=en&voted=1#vote",
        )
    assert "Thank you" in await page(desk, f"/help/articles/{article}?lang=en&voted=1")
    assert (await desk.ask("POST", at, role=None, data={"helpful": "maybe"})).status == 422
    assert await desk.parts.store.read(articles.votes) == {article: (2, 1)}
