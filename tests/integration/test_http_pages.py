"""Pages and static files over HTTP."""

from tests.integration.conftest import Desk


async def test_pages_come_with_a_strict_policy(desk: Desk) -> None:
    """The inbox and the demo shop run only scripts of their own, and nobody frames them."""
    for path in ("/", "/tickets/tkt_1", "/demo"):
        page = await desk.ask("GET", path, role=None)
        policy = page.headers["Content-Security-Policy"]
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html")
        assert "default-src 'none'; script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy


async def test_a_static_file_is_asked_for_again_and_not_sent_again(desk: Desk) -> None:
    """A file has an ETag; while it is the same, the answer is 304."""
    first = await desk.ask("GET", "/static/ui/theme.css", role=None)
    again = await desk.ask(
        "GET", "/static/ui/theme.css", role=None, headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (first.status, first.headers["Content-Type"], first.headers["Cache-Control"]) == (
        200,
        "text/css",
        "no-cache",
    )
    assert (again.status, again.body) == (304, b"")


async def test_nothing_outside_the_static_folder_is_served(desk: Desk) -> None:
    """Whatever a path is made of, it does not leave the folder."""
    paths = ["%2e%2e/files.py", "..%2ffiles.py", "%2fetc/passwd", "ui/%00", "ui", "none.js", "a" * 1000]
    statuses = {(await desk.ask("GET", f"/static/{path}", role=None)).status for path in paths}
    assert statuses == {404}


async def test_the_demo_names_the_widgets_channel(desk: Desk) -> None:
    """The first widget channel that is switched on; 404 while there is none."""
    none = await desk.ask("GET", "/demo/config.json", role=None)
    await desk.ask("POST", "/api/v1/channels", {"kind": "widget", "name": "Off", "enabled": False})
    made = await desk.ask("POST", "/api/v1/channels", {"kind": "widget", "name": "Site"})
    assert none.status == 404
    assert (await desk.ask("GET", "/demo/config.json", role=None)).body == {"channel_id": made.body["id"]}


async def test_the_documentation_needs_no_script(desk: Desk) -> None:
    """/docs lists every operation on one page that loads nothing."""
    page = await desk.ask("GET", "/docs", role=None)
    described = (await desk.ask("GET", "/openapi.json", role=None)).body
    text = page.body.decode()
    assert "<script" not in text
    assert [path for path in described["paths"] if f"<code>{path}</code>" not in text] == []
