"""The canonical bytes that phones sign are those of RFC 8785."""

import orjson
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.strict_json import canonical
from models.kinds import SAFE_INTEGER_MAX
from schemas.samples import SAMPLE_ID

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-SAFE_INTEGER_MAX, SAFE_INTEGER_MAX),
        st.text(st.characters(exclude_categories=["Cs"])),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.from_regex(r"[ -~]{1,12}", fullmatch=True), inner, max_size=4),
    ),
    max_leaves=12,
)
"""Without floats, and with ASCII keys: what the protocol lets a mutation be."""


@settings(max_examples=500, deadline=None)
@given(fields=st.dictionaries(st.from_regex(r"[a-z0-9_]{1,20}", fullmatch=True), values))
def test_canonical_bytes_are_those_of_rfc_8785(fields):
    mutation = {"id": SAMPLE_ID, "seq": 7, "entity": "visit", "op": "put", "fields": fields}

    assert canonical(mutation) == rfc8785.dumps(mutation)


@given(value=values)
def test_canonical_bytes_are_their_own_canonical_bytes(value):
    once = canonical(value)

    assert canonical(orjson.loads(once)) == once


def test_the_order_of_keys_does_not_matter():
    assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":3,"d":2},"b":1}'
