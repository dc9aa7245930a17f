"""Declaring endpoints."""

import pytest
from pydantic import BaseModel

from gateway.http.call import Call, Reply
from gateway.http.endpoint import Api
from storage.paging import Sql
from storage.store import Tx


class Thing(BaseModel):
    """Something with a version."""

    name: str
    version: int


def declared() -> Api:
    """An API of two endpoints."""
    api = Api("Things")

    @api.read("/things/{thing_id}", summary="A thing")
    def get_thing(sql: Sql, call: Call, thing_id: str) -> Thing:
        return Thing(name=thing_id, version=1)

    @api.write("DELETE", "/things/{thing_id}", role="admin", summary="No thing")
    def delete_thing(tx: Tx, call: Call, thing_id: str) -> None:
        return None

    return api


def test_annotations_say_what_an_endpoint_takes_and_gives() -> None:
    """Method, role, places in the path, result."""
    facts = [(one.method, one.name, one.role, one.places, one.result, one.versioned) for one in declared()]
    assert facts == [
        ("GET", "get_thing", "agent", ("thing_id",), Thing, True),
        ("DELETE", "delete_thing", "admin", ("thing_id",), type(None), False),
    ]


def test_results_become_answers() -> None:
    """A version becomes an ETag, nothing 204, and a reply has its own status and headers."""
    get, delete = declared()
    thing = Thing(name="a", version=3)
    made = get.render(Reply(value=thing, status=202, headers={"X-A": "b"}))
    assert get.render(thing) == (
        200,
        {"ETag": '"v3"', "Content-Type": "application/json"},
        b'{"name":"a","version":3}',
    )
    assert (made.status, made.headers["X-A"]) == (202, "b")
    assert delete.render(None) == (204, {}, b"")


def test_a_parameter_that_nothing_fills_is_refused_when_declared() -> None:
    """A misspelt name stops the program, not a request."""
    api = Api("Things")
    with pytest.raises(TypeError, match="thing is neither query, body nor in the path /things/"):

        @api.read("/things/{thing_id}", summary="A thing")
        def get_thing(sql: Sql, call: Call, thing: str) -> Thing:
            return Thing(name=thing, version=1)
