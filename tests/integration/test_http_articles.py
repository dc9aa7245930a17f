"""Articles over HTTP: what they hold, when and to whom they answer, and what they said before."""

from typing import Any

from tests.integration.conftest import Desk

VAT = {
    "title": "跨境电商 VAT申报",
    "answer": "标准步骤：登记、申报、缴纳。",
    "language": "zh",
    "phrasings": ["怎么申报VAT", "VAT申报流程"],
    "folder": "Tax/VAT",
    "variants": [
        {"when": {"country": "DE"}, "answer": "标准步骤。德国税率 19%。"},
        {"when": {"country": ["FR", "MC"]}, "answer": "标准步骤。法国税率 20%。"},
        {"language": "en", "title": "VAT returns", "answer": "Register, declare, pay."},
    ],
}


async def write(desk: Desk, **fields: Any) -> dict[str, Any]:
    """An article with these fields, as it was answered."""
    body = {"title": "Opening hours", "answer": "Nine to five.", **fields}
    made = await desk.ask("POST", "/api/v1/articles", body)
    assert made.status == 201, made.body
    return dict(made.body)


async def outcome(desk: Desk, text: str) -> str:
    """What the match makes of a text once the articles are read again."""
    await desk.parts.knowledge._refresh()
    answer = await desk.ask("POST", "/api/v1/knowledgebase/match", {"text": text})
    return str(answer.body["outcome"])


async def test_an_article_keeps_all_it_is_given(desk: Desk) -> None:
    """What is posted is what is read; a single value is a list of one."""
    made = await write(desk, **VAT, valid_from="2026-01-01T00:00:00Z", valid_to="2027-01-01T00:00:00Z")
    variants: list[dict[str, Any]] = [
        {"language": "", "title": "", "when": {}, **one} for one in made["variants"]
    ]
    assert made["variants"] == variants
    assert made["variants"][0]["when"] == {"country": ["DE"]}
    assert (made["valid_from"], made["folder"]) == ("2026-01-01T00:00:00Z", "Tax/VAT")
    assert (await desk.ask("GET", f"/api/v1/articles/{made['id']}")).body == made
    listed = await desk.ask("GET", "/api/v1/articles?folder=Tax/VAT&draft=false")
    assert listed.body["data"] == [made]


async def test_versions_can_be_gone_back_to(desk: Desk) -> None:
    """Each change keeps what was there; going back makes a new version that says the same."""
    made = await write(desk, variants=VAT["variants"])
    at = f"/api/v1/articles/{made['id']}"
    await desk.ask("PATCH", at, {"answer": "Ten to six.", "variants": []})
    back = await desk.ask("POST", f"{at}/rollback", {"version": 1}, headers={"If-Match": '"v2"'})
    assert back.body == made | {"version": 3}
    versions = (await desk.ask("GET", f"{at}/versions")).body["data"]
    assert [one["version"] for one in versions] == [3, 2, 1]
    assert (await desk.ask("GET", f"{at}/versions/2")).body["answer"] == "Ten to six."
    assert (await desk.ask("POST", f"{at}/rollback", {"version": 9})).status == 404
    assert (
        await desk.ask("POST", f"{at}/rollback", {"version": 1}, headers={"If-Match": '"v1"'})
    ).status == 412


async def test_only_what_is_published_valid_and_public_answers_customers(desk: Desk) -> None:
    """Internal articles, and those before or after their time, are as if they weren't there."""
    made = await write(desk, phrasings=["when are you open"])
    at = f"/api/v1/articles/{made['id']}"
    states = [await outcome(desk, "when are you open")]
    for change in (
        {"internal": True},
        {"internal": False, "valid_to": "2020-01-01T00:00:00Z"},
        {"valid_to": None, "valid_from": "2099-01-01T00:00:00Z"},
        {"valid_from": None},
    ):
        await desk.ask("PATCH", at, change)
        states.append(await outcome(desk, "when are you open"))
    assert states == ["answer", "none", "none", "none", "answer"]


async def test_faults_are_named(desk: Desk) -> None:
    """A validity that ends before it begins, translations of nothing, files that aren't there."""
    made = await write(desk)
    other = await write(desk, translation_of=made["id"], language="zh")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"valid_from": "2026-02-01T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}, "/valid_to"),
        ({"translation_of": "art_none"}, "/translation_of"),
        ({"translation_of": other["id"]}, "/translation_of"),
        ({"attachments": ["upl_none"]}, "/attachments/0"),
        ({"attachments": ["map.png"]}, "/attachments/0"),
        ({"variants": [{"when": {"country": []}, "answer": "x"}]}, "/variants/0/when/country"),
        ({"folder": "a//b"}, "/folder"),
    ]
    for fields, pointer in wrong:
        refused = await desk.ask("POST", "/api/v1/articles", {"title": "T", "answer": "A", **fields})
        assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, pointer)


async def test_agents_search_as_their_tickets_customer_reads(desk: Desk) -> None:
    """A German customer's agent finds the German rates, a French one's the French, and the internal notes."""
    await write(desk, **VAT)
    await write(desk, title="VAT申报 内部流程", answer="找财务。", internal=True, language="zh")
    told = {}
    for country in ("de", "FR", "US"):
        customer = await desk.ask("POST", "/api/v1/customers", {"name": "Li", "country": country})
        query = f"q=VAT申报&customer={customer.body['id']}"
        found = await desk.ask("GET", f"/api/v1/articles/search?{query}", role="agent")
        told[country] = [one["answer"] for one in found.body["data"]]
    assert told == {
        "de": ["标准步骤。德国税率 19%。", "找财务。"],
        "FR": ["标准步骤。法国税率 20%。", "找财务。"],
        "US": ["标准步骤：登记、申报、缴纳。", "找财务。"],
    }
    english = await desk.ask("GET", "/api/v1/articles/search?q=VAT&language=en&limit=1")
    assert [one["title"] for one in english.body["data"]] == ["VAT returns"]


async def test_files_go_out_and_in(desk: Desk) -> None:
    """An export is what an import takes; a bad row keeps all out, unless it is to be skipped."""
    made = await write(desk, **VAT)
    await desk.ask("PATCH", f"/api/v1/articles/{made['id']}", {"answer": "Shorter."})
    at, csv = "/api/v1/article-imports?format=csv", {"Content-Type": "text/csv"}
    out = await desk.ask("GET", "/api/v1/article-exports?format=csv")
    again = await desk.ask("POST", at, data=out.body, headers=csv)
    assert (again.status, again.body) == (200, {"added": 0, "changed": 0, "unchanged": 1, "skipped": []})
    old = (
        out.body.replace(b"Shorter.", b"Longer.").replace(b",2\r\n", b",1\r\n")
        + b",New,Answer\r\n,,\r\n,Bad,\r\n"
    )
    refused = await desk.ask("POST", at, data=old, headers=csv)
    assert [(one["pointer"], one["code"]) for one in refused.body["errors"]] == [
        ("/row 4", "missing"),
        ("/row 1", "changed_since"),
    ]
    assert len((await desk.ask("GET", "/api/v1/articles")).body["data"]) == 1
    rehearsed = await desk.ask("POST", f"{at}&skip_bad=1&dry_run=1", data=old, headers=csv)
    assert (rehearsed.body["added"], len(rehearsed.body["skipped"])) == (1, 2)
    taken = await desk.ask("POST", f"{at}&skip_bad=1&overwrite=1", data=old, headers=csv)
    assert (taken.body["added"], taken.body["changed"]) == (1, 1)
    assert len((await desk.ask("GET", "/api/v1/articles")).body["data"]) == 2
    unknown = await desk.ask("POST", f"{at}&encoding=klingon", data=old, headers=csv)
    assert unknown.body["errors"][0]["pointer"] == "/encoding"


async def test_whatever_is_asked_has_an_answer_in_bounded_time(desk: Desk) -> None:
    """Nothing, marks alone, a mebibyte, a script never seen, markup, control characters: nothing is sure."""
    await write(desk, phrasings=["when do you open"])
    for text in (
        "",
        " ",
        "😀😀",
        "?!…",
        "x" * (2**20 - 100),
        "ᚠᚢᚦᚨᚱᚲ",
        "<b></b><script>",
        "\x07\x1b[31m\x01",
    ):
        assert await outcome(desk, text) == "none", text[:20]
