"""What every endpoint has in common: problems, bodies, lists, versions, ids of requests."""

import asyncio
import re
from typing import Any

from tests.integration.conftest import Desk

TIERS = "/api/v1/tiers"


async def test_an_unknown_path_is_a_problem(desk: Desk) -> None:
    """A path that is not there is 404 as RFC 9457 has it, also for who has no token."""
    answer = await desk.ask("GET", "/api/v2/nothing", role=None)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing here.",
    }


async def test_a_wrong_method_names_the_right_ones(desk: Desk) -> None:
    """405 carries Allow with every method of the path."""
    answer = await desk.ask("PUT", TIERS)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert answer.body["status"] == 405


BAD_BODIES = [
    (b"", "", "json_invalid"),
    (b"{", "", "json_invalid"),
    (b'{"name": NaN}', "", "json_invalid"),
    (b'{"name": "\xff"}', "", "json_invalid"),
    (b'{"name": "\\ud800"}', "", "json_invalid"),
    (b'{"name": "a\\u0000b"}', "/name", "nul"),
    (b'{"name": "a", "x": [{"y\\u0000": 1}]}', "/x/0", "nul"),
    (b"[" * 100_000, "", "json_invalid"),
    (b'{"name": ' + b"[" * 70 + b"]" * 70 + b"}", "/name" + "/0" * 63, "too_deep"),
    (b"[]", "", "model_type"),
    (b"{}", "/name", "missing"),
    (b'{"name": 7}', "/name", "string_type"),
    (b'{"name": "a", "order": "1"}', "/order", "int_type"),
    (b'{"name": "a", "order": true}', "/order", "int_type"),
    (b'{"name": "a", "order": 1e400}', "", "json_invalid"),
    (b'{"name": "a", "order": 99999999999999999999999}', "/order", "less_than_equal"),
    (b'{"name": " ", "order": -1}', "/name", "string_too_short"),
]


async def test_a_bad_body_is_422_with_a_pointer(desk: Desk) -> None:
    """Whatever is wrong with a body, the answer says where and never is a 500."""
    told = []
    for body, _, _ in BAD_BODIES:
        answer = await desk.ask("POST", TIERS, data=body, headers={"Content-Type": "application/json"})
        first = answer.body["errors"][0]
        told.append((answer.status, first["pointer"], first["code"]))
    assert told == [(422, pointer, code) for _, pointer, code in BAD_BODIES]


async def test_faults_do_not_repeat_the_input(desk: Desk) -> None:
    """A problem never carries back what was sent: it may be a secret in the wrong place."""
    answer = await desk.ask("POST", TIERS, {"name": 1, "order": "s3cret"})
    assert "s3cret" not in str(answer.body)


async def test_members_that_are_not_known_are_refused(desk: Desk) -> None:
    """What is spelt wrong would else be without effect: made, changed, or deep inside."""
    made = await desk.ask("POST", TIERS, {"name": "gold", "colour": "gold"})
    gold = (await desk.ask("POST", TIERS, {"name": "gold"})).body["id"]
    changed = await desk.ask("PATCH", f"{TIERS}/{gold}", {"ordre": 1})
    queue = {"name": "a", "skills": [{"skill": "x", "levle": 2}]}
    deep = await desk.ask("POST", "/api/v1/queues", queue)
    assert (made.status, made.body["errors"]) == (
        422,
        [{"pointer": "/colour", "code": "unknown_member", "detail": "There is no member colour here."}],
    )
    assert [answer.body["errors"][0]["pointer"] for answer in (changed, deep)] == [
        "/ordre",
        "/skills/0/levle",
    ]


async def test_only_json_is_taken(desk: Desk) -> None:
    """Another type of body is 415."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await desk.ask("POST", TIERS, data=b"name=a", headers=headers)).status == 415


async def test_a_body_has_a_limit(desk: Desk) -> None:
    """A body over the limit is 413, with its length announced or in chunks."""
    body = b'{"name": "' + b"a" * 1_000_000 + b'"}'
    headers = {"Content-Type": "application/json"}

    async def in_chunks() -> Any:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    announced = await desk.ask("POST", TIERS, data=body, headers=headers)
    chunked = await desk.ask("POST", TIERS, data=in_chunks(), headers=headers)
    assert (announced.status, chunked.status) == (413, 413)


BAD_QUERIES = [
    ("limit=0", "/limit"),
    ("limit=101", "/limit"),
    ("limit=x", "/limit"),
    ("limit=1&limit=2", "/limit"),
    ("cursor=%00", "/cursor"),
    ("cursor=!", "/cursor"),
    ("cursor=bm9wZQ", "/cursor"),
    ("cursor=WzEsMl0", "/cursor"),
    ("cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiYSJd", "/cursor"),
]


async def test_a_bad_query_is_422(desk: Desk) -> None:
    """Limits are bounded, and a cursor is one that a list returned (the last one here has no time zone)."""
    told = []
    for query, _ in BAD_QUERIES:
        answer = await desk.ask("GET", f"/api/v1/customers?{query}")
        told.append((answer.status, answer.body["errors"][0]["pointer"]))
    assert told == [(422, pointer) for _, pointer in BAD_QUERIES]


async def test_an_id_that_can_not_be_is_404(desk: Desk) -> None:
    """What can't be an id is not there."""
    answers = [await desk.ask("GET", f"{TIERS}/{id_}") for id_ in ("%00", "%ff", "a" * 1000)]
    assert [answer.status for answer in answers] == [404, 404, 404]


async def test_a_list_goes_on_with_its_cursor(desk: Desk) -> None:
    """Pages follow each other without overlap until the cursor is null."""
    for number in range(5):
        await desk.ask("POST", "/api/v1/customers", {"name": f"c{number}"})
    names, path = [], "/api/v1/customers?limit=2"
    page = (await desk.ask("GET", path)).body
    while page["next_cursor"] is not None:
        names.append([customer["name"] for customer in page["data"]])
        page = (await desk.ask("GET", f"{path}&cursor={page['next_cursor']}")).body
    names.append([customer["name"] for customer in page["data"]])
    assert names == [["c4", "c3"], ["c2", "c1"], ["c0"]]


async def test_a_change_on_an_old_version_is_refused(desk: Desk) -> None:
    """If-Match with the ETag that was read lets one of two editors through; the other gets 412."""
    made = await desk.ask("POST", TIERS, {"name": "gold"})
    first = await desk.ask("PATCH", f"{TIERS}/gold", {"order": 1}, headers={"If-Match": made.headers["ETag"]})
    second = await desk.ask(
        "PATCH", f"{TIERS}/gold", {"order": 2}, headers={"If-Match": made.headers["ETag"]}
    )
    assert (first.status, first.headers["ETag"]) == (200, '"v2"')
    assert (second.status, second.headers["ETag"]) == (412, '"v2"')
    assert (await desk.ask("DELETE", f"{TIERS}/gold", headers={"If-Match": '"v1"'})).status == 412
    assert (
        await desk.ask("PATCH", f"{TIERS}/gold", {"order": 3}, headers={"If-Match": 'W/"v2"'})
    ).status == 200
    assert (await desk.ask("DELETE", f"{TIERS}/gold", headers={"If-Match": "*"})).status == 204


async def test_a_request_has_an_id(desk: Desk) -> None:
    """A good X-Request-Id is kept, so that one id goes through several systems; a bad one is replaced."""
    kept = await desk.ask("GET", TIERS, headers={"X-Request-Id": "trace-12345678"})
    made = await desk.ask("GET", TIERS, headers={"X-Request-Id": "a b"})
    assert kept.headers["X-Request-Id"] == "trace-12345678"
    assert re.fullmatch("[0-9a-f]{12}-[0-9a-f]+", made.headers["X-Request-Id"])


async def test_every_answer_forbids_sniffing_and_framing(desk: Desk) -> None:
    """Answers that are no page can't be made into one."""
    answer = await desk.ask("GET", TIERS)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_a_broken_request_leaves_the_desk_standing(desk: Desk) -> None:
    """A client that goes away in the middle of its body disturbs nobody."""
    host, _, port = desk.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    token = await desk.token("admin")
    writer.write(
        f"POST {TIERS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode()
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await desk.ask("GET", TIERS)).body == {"data": [], "next_cursor": None}


async def test_operators_see_life_readiness_and_counts(desk: Desk) -> None:
    """/livez tells the loop's lag, /readyz each check by name, /metrics the requests by route template."""
    await desk.ask("GET", f"{TIERS}/nothing")
    live = await desk.ask("GET", "/livez", role=None)
    ready = await desk.ask("GET", "/readyz", role=None)
    metrics = await desk.ask("GET", "/metrics", role=None)
    assert (live.status, live.body["status"]) == (200, "ok")
    assert live.body["loop_lag_ms"] < 5000
    assert (ready.status, ready.body["status"], ready.body["checks"]["workers"]) == (200, "ok", "ok")
    line = 'frontdesk_http_requests_total{method="GET",route="/api/v1/tiers/{id}",status="404"} 1.0'
    assert line in metrics.body.decode().splitlines()


async def test_a_check_that_fails_makes_the_desk_not_ready(desk: Desk) -> None:
    """/readyz is 503 and says in words what is wrong."""

    async def disk() -> None:
        raise RuntimeError("the disk is full")

    desk.parts.checks["disk"] = disk
    ready = await desk.ask("GET", "/readyz", role=None)
    assert (ready.status, ready.body["checks"]["disk"]) == (503, "the disk is full")
