"""Learning over HTTP: from an agent's reply to an article, from a customer's words to a phrasing."""

from functools import partial
from typing import Any

from bus.envelope import Inbound, Message, Sender
from bus.ids import message_id
from storage.phrasing_proposals import propose
from tests.eventually import eventually
from tests.integration.conftest import Desk
from workers.intake import Frozen, take_in
from workers.learning import learn

ARTICLE = {
    "title": "Where is my parcel?",
    "answer": "On its way.",
    "phrasings": ["track my parcel", "where is my order"],
    "language": "en",
}


async def write(desk: Desk, **fields: Any) -> str:
    """The id of an article."""
    made = await desk.ask("POST", "/api/v1/articles", {**ARTICLE, **fields})
    assert made.status == 201, made.body
    await desk.parts.knowledge._refresh()
    return str(made.body["id"])


async def says(desk: Desk, number: int, text: str, who: str = "ann") -> None:
    """A customer's message, taken in."""
    inbound = Inbound(
        id=message_id("ch_web", f"{who}-{number}"),
        channel_id="ch_web",
        channel_kind="webhook",
        external_id=f"{who}-{number}",
        sender=Sender(address=who, name=who, attributes={"country": "DE"}),
        event=Message(text=text),
        received_at=desk.parts.clock(),
    )
    parts = desk.parts
    matches = await parts.knowledge.match({inbound.id: text})
    await parts.setup.write(
        lambda tx, setup: take_in(tx, [inbound], Frozen(setup, parts.knowledge.articles, matches, {}))
    )


async def tickets(desk: Desk) -> list[dict[str, Any]]:
    """The tickets, newest first."""
    return list((await desk.ask("GET", "/api/v1/tickets")).body["data"])


async def test_a_proposed_phrasing_is_learned_with_one_click(desk: Desk) -> None:
    """Approved, the article has it; what has become a near-duplicate meanwhile is refused with the reason."""
    article = await write(desk)
    for text in ("any news of my parcel", "got news of the parcel"):
        await desk.parts.store.write(
            partial(propose, article_id=article, text=text, how="helped", objection=None)
        )
    listed = (await desk.ask("GET", "/api/v1/phrasing-proposals?state=waiting")).body["data"]
    assert sorted(one["text"] for one in listed) == ["any news of my parcel", "got news of the parcel"]
    first = listed[0]
    approved = await desk.ask("POST", f"/api/v1/phrasing-proposals/{first['id']}/approve")
    assert (approved.status, approved.body["state"]) == (200, "approved")
    shown = (await desk.ask("GET", f"/api/v1/articles/{article}")).body
    assert shown["phrasings"] == [*ARTICLE["phrasings"], first["text"]]
    same = {"phrasings": [*shown["phrasings"], listed[1]["text"] + "?"]}
    await desk.ask("PATCH", f"/api/v1/articles/{article}", same)
    again = await desk.ask("POST", f"/api/v1/phrasing-proposals/{listed[1]['id']}/approve")
    assert again.status == 409
    assert again.body["detail"].startswith("The article has nearly the same: ")
    refused = await desk.ask("POST", f"/api/v1/phrasing-proposals/{listed[1]['id']}/refuse", {"reason": "no"})
    assert refused.body["state"] == "refused"


async def test_a_reply_becomes_an_article_in_two_clicks(desk: Desk) -> None:
    """The draft has the question and the reply; publishing it answers the next customer."""
    await says(desk, 1, "Do you sell gift wrapping?")
    await says(desk, 2, "talk to a person")
    (ticket,) = await tickets(desk)
    reply = await desk.ask("POST", f"/api/v1/tickets/{ticket['id']}/replies", {"text": "Yes, for 2 euros."})
    draft = await desk.ask("POST", "/api/v1/article-drafts", {"message_id": reply.body["id"]}, role="agent")
    assert (draft.status, draft.body["draft"], draft.body["title"]) == (
        201,
        True,
        "Do you sell gift wrapping?",
    )
    assert (draft.body["answer"], draft.body["language"]) == ("Yes, for 2 euros.", "en")
    await desk.ask("PATCH", f"/api/v1/articles/{draft.body['id']}", {"draft": False})
    await desk.parts.knowledge._refresh()
    match = await desk.ask("POST", "/api/v1/knowledgebase/match", {"text": "do you sell gift wrapping"})
    assert match.body["outcome"] == "answer"
    gaps = (await desk.ask("GET", "/api/v1/knowledgebase/gaps")).body["data"]
    assert [(gap["title"], gap["volume"], gap["answer"]) for gap in gaps] == [
        ("Do you sell gift wrapping?", 1, "Yes, for 2 euros.")
    ]


async def test_articles_stand_beside_a_ticket_as_its_customer_reads_them(desk: Desk) -> None:
    """What the match finds, with the customer's variant; then internal ones, without a confidence."""
    article = await write(desk, variants=[{"when": {"country": "DE"}, "answer": "Unterwegs."}])
    await write(desk, title="Lost parcel: internal steps", answer="Ask the depot.", internal=True)
    await says(desk, 1, "agent")
    (ticket,) = await tickets(desk)
    await says(desk, 2, "where is my parcel")
    found = await desk.ask("GET", f"/api/v1/tickets/{ticket['id']}/articles", role="agent")
    shown = [(one["article"]["answer"], one["confidence"] is not None) for one in found.body["data"]]
    assert shown == [("Unterwegs.", True), ("Ask the depot.", False)]
    sent = await desk.ask(
        "POST", f"/api/v1/tickets/{ticket['id']}/replies", {"text": "Unterwegs.", "article_id": article}
    )
    assert sent.status == 201
    linked = {"text": f"See https://desk.example/help/articles/{article} and /help/articles/art_none"}
    await desk.ask("POST", f"/api/v1/tickets/{ticket['id']}/replies", linked)
    wrong = {"conversation_id": ticket["conversation_id"], "article_id": article, "right": False}
    assert (await desk.ask("POST", "/api/v1/labels", wrong, role="agent")).status == 204
    unknown = await desk.ask("POST", "/api/v1/labels", wrong | {"article_id": "art_none"})
    assert (unknown.status, unknown.body["errors"][0]["pointer"]) == (422, "/article_id")
    while await desk.parts.store.write(learn):
        pass
    labels = (await desk.ask("GET", "/api/v1/labels")).body["data"]
    assert [(one["how"], one["right"], one["exposure"]) for one in labels] == [
        ("corrected", False, "agent"),
        ("linked", True, "agent"),
        ("sent", True, "agent"),
    ]


async def test_the_slider_tells_what_each_setting_would_have_done(desk: Desk) -> None:
    """With the questions and labels of the last days."""
    await write(desk)
    await says(desk, 1, "where is my parcel")
    await says(desk, 2, "thanks")
    await says(desk, 3, "purple kitchen paint", who="bob")
    while await desk.parts.store.write(learn):
        pass
    told = (await desk.ask("GET", "/api/v1/knowledgebase/precision?days=7")).body
    assert (told["target"], told["state"], told["precision"]["of"]) == (0.9, "few_labels", 1)
    middle = next(one for one in told["settings"] if one["target"] == 0.9)
    assert middle["precision"] | {"low": 0, "high": 1} == {"value": 1.0, "low": 0, "high": 1, "of": 1}
    assert middle["answered"]["of"] == 3


async def test_an_admin_says_how_often_answers_are_to_be_right(desk: Desk) -> None:
    """A suggestion becomes an answer, and one again, moments after the choice and without a restart."""
    path = "/api/v1/knowledgebase/target-precision"
    await write(desk)

    async def answers() -> bool:
        asked = {"text": "where is the thing"}
        match = await desk.ask("POST", "/api/v1/knowledgebase/match", asked)
        return bool(match.body["outcome"] == "answer")

    async def suggests() -> bool:
        return not await answers()

    before = await desk.ask("GET", path, role="supervisor")
    assert before.body == {"target": 0.9, "chosen_by": None, "chosen_at": None, "version": 0}
    assert await suggests()
    read = {"If-Match": before.headers["ETag"]}
    chosen = await desk.ask("PUT", path, {"target": 0.5}, headers=read)
    assert (chosen.status, chosen.body["target"], chosen.headers["ETag"]) == (200, 0.5, '"v1"')
    await eventually(answers)
    assert (await desk.ask("PUT", path, {"target": 0.6}, headers=read)).status == 412
    await desk.ask("PUT", path, {"target": 0.99}, headers={"If-Match": '"v1"'})
    await eventually(suggests)
    assert (await desk.ask("GET", "/api/v1/knowledgebase/precision")).body["target"] == 0.99
    after = (await desk.ask("GET", path, role="supervisor")).body
    acts = (await desk.ask("GET", "/api/v1/audit?target=target_precision")).body["data"]
    assert [(act["action"], act["detail"]) for act in acts] == [
        ("target_precision.updated", {"name": "0.99", "before": 0.5}),
        ("target_precision.updated", {"name": "0.5", "before": 0.9}),
    ]
    assert (after["chosen_by"], after["chosen_at"]) == (acts[0]["actor"], acts[0]["at"])


async def test_the_target_is_an_admins_to_choose_and_a_share(desk: Desk) -> None:
    """403 for a supervisor, 422 for what the setting would not take; nothing is changed."""
    path = "/api/v1/knowledgebase/target-precision"
    assert (await desk.ask("PUT", path, {"target": 0.8}, role="supervisor")).status == 403
    for target in (1.5, 1, 0.49, "often", None):
        refused = await desk.ask("PUT", path, {"target": target})
        assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/target"), target
    assert (await desk.ask("GET", path)).body["version"] == 0


async def test_lint_is_read_by_supervisors(desk: Desk) -> None:
    """Articles that confuse each other are named."""
    one = await write(desk)
    other = await write(desk, title="Track my parcel", answer="Here.", phrasings=["tracking"])
    found = await desk.ask("GET", "/api/v1/knowledgebase/lint", role="supervisor")
    assert [(line["code"], line["article_id"], line["other_id"]) for line in found.body["data"]] == [
        ("confusing", one, other)
    ]
    assert (await desk.ask("GET", "/api/v1/knowledgebase/lint", role="agent")).status == 403
