"""Killed between any two statements: all or nothing, and the retry ends as if nothing had happened."""

from itertools import count as from_one

import pytest

from infra.ids import derived_id
from sync.office import Put
from tests.building import (
    Phone,
    a_collection,
    a_consumer,
    a_visit,
    an_issue,
    office_write,
    words,
)
from tests.integration.sync.counting import Killed, killed_at
from tests.integration.sync.looking import everything

STATEMENTS_MAX = 100


def a_batch(phone: Phone, ibc):
    """A batch that takes every path: new, doubted, refused, waiting, released, merged, moved."""

    def put(name, entity, fields, *, record=None, base_version=None):
        return phone.put(
            entity,
            fields,
            id=derived_id("mutation", name),
            record_id=record or derived_id("record", name),
            base_version=base_version,
        )

    return [
        put("visit", "visit", a_visit(ibc.accounts[0])),
        put("void", "receipt_void", {"collection_id": derived_id("record", "taken"), "reason": "x"}),
        put("taken", "collection", a_collection(ibc.accounts[0], "Q3-000001")),
        put("doubted", "collection", a_collection("9900000000001", "Q3-000002")),
        put("malformed", "collection", a_collection("12", "Q3-000003")),
        put("unreadable", "visit", {"account_no": 5}),
        put("issue", "meter_issue", an_issue(ibc.accounts[1])),
        put("edit", "meter_issue", {"remark": "more"}, record=derived_id("record", "issue"),
            base_version=1),
        put("start", "round", {"state": "started"}, record=ibc.round_id, base_version=1),
        put("step", "stop", {"state": "visited"}, record=ibc.stops[0], base_version=1),
    ]  # fmt: skip


def test_a_push_killed_anywhere_is_all_or_nothing(database, phone, ibc):
    batch = a_batch(phone, ibc)
    before = everything(database)

    for nth in from_one(1):
        try:
            with killed_at(database, nth):
                pushed = phone.push(*batch)
        except Killed:
            assert everything(database) == before, f"killed at statement {nth}"
        else:
            break

    assert 10 < nth < STATEMENTS_MAX
    assert "waiting PARENT_MISSING" in words(pushed.outcomes)
    assert not any(outcome.replayed for outcome in pushed.outcomes)


def test_a_lost_answer_is_given_again_and_nothing_happens_twice(database, phone, ibc):
    batch = a_batch(phone, ibc)
    answered = phone.push(*batch)
    after = everything(database, without=("device_chains",))

    again = phone.push(*batch)

    assert [o._replace(replayed=True) for o in answered.outcomes] == list(again.outcomes)
    assert everything(database, without=("device_chains",)) == after


def test_an_office_write_killed_anywhere_is_all_or_nothing(database, phone, ibc):
    puts = [
        a_consumer(ibc.accounts[0], name="Renamed"),
        Put("round", ibc.round_id, {"officer_id": ibc.officers[1]}),
        Put("stop", ibc.stops[1], {"account_no": ibc.accounts[5]}),
    ]
    before = everything(database)

    for nth in from_one(1):
        try:
            with killed_at(database, nth):
                office_write(database, ibc.code, *puts)
        except Killed:
            assert everything(database) == before, f"killed at statement {nth}"
        else:
            break

    assert 10 < nth < STATEMENTS_MAX
    phone.pull_all()
    assert not phone.has("stop")


@pytest.mark.parametrize("retries", [1, 3])
def test_a_retry_after_a_kill_ends_as_a_faultless_run(database, phone, ibc, retries):
    batch = a_batch(phone, ibc)
    for nth in (3, 8, 12)[:retries]:
        with pytest.raises(Killed), killed_at(database, nth):
            phone.push(*batch)

    pushed = phone.push(*batch)

    assert words(pushed.outcomes) == [
        "applied",
        "waiting PARENT_MISSING",
        "applied",
        "held UNKNOWN_ACCOUNT",
        "held MALFORMED",
        "rejected",
        "applied",
        "applied",
        "applied",
        "applied",
    ]
    log = everything(database)["mutations"]
    assert len(log) == 15 + 1 + len(batch)
