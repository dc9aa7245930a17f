"""JSON bodies and merge patches, without a server."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from gateway.http.body import MAX_DEPTH, Patch, load, merged, parse_as
from gateway.http.problems import Invalid

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Form(BaseModel):
    """Something to edit."""

    name: str
    note: str = ""
    attributes: dict[str, int] = {}


# RFC 7396, appendix A.
EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


def test_patches_merge_as_the_rfc_shows() -> None:
    """Every example of RFC 7396."""
    assert [merged(target, patch) for target, patch, _ in EXAMPLES] == [result for _, _, result in EXAMPLES]


@given(JSON)
def test_any_json_is_read_as_it_is_or_refused(value: Any) -> None:
    """Whatever JSON has no NUL and no depth comes out as it went in."""
    raw = orjson.dumps(value)
    if b"\\u0000" in raw:
        with pytest.raises(Invalid):
            load(raw)
    else:
        assert load(raw) == value


@given(st.binary())
def test_any_bytes_are_json_or_invalid(raw: bytes) -> None:
    """No bytes raise anything but `Invalid`."""
    try:
        parse_as(Form, raw)
    except Invalid as error:
        assert error.faults  # noqa: PT017


def test_depth_is_bounded() -> None:
    """The last level that is taken, and the first that is not."""
    load(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(Invalid):
        load(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_a_patch_is_validated_with_what_it_changes() -> None:
    """What is not named stays, null resets, and a required member can't go."""
    current = {"name": "a", "note": "n", "attributes": {"x": 1, "y": 2}}
    patch: Patch[Form] = parse_as(Patch[Form], b'{"note": null, "attributes": {"x": null, "z": 3}}')
    assert patch.onto(current) == Form(name="a", attributes={"y": 2, "z": 3})
    with pytest.raises(Invalid) as refused:
        parse_as(Patch[Form], b'{"name": null}').onto(current)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/name", "missing")]
