"""The foreign adapters over HTTP: shapes, numbers as JavaScript spells them, statuses."""

import pytest

from auth import tokens
from auth.keys import keys_of
from auth.tokens import Claims
from infra.ids import new_id
from sync.office import Put
from tests.building import NOW, a_put, office_write
from tests.integration.office.conftest import SECRET_KEY

RXDB, WATERMELON = "/api/v1/rxdb/stop/1", "/api/v1/watermelon/sync"
TIME = "2026-04-08T08:59:00.000Z"


@pytest.fixture
def headers(database, ibc, phone):
    """A bearer token of the phone that has the round."""
    officer = Put("staff", phone.officer_id, {"roles": ["officer"], "active": True})
    device = a_put("device", phone.device_id, staff_id=phone.officer_id, state="active")
    office_write(database, ibc.code, officer, device)
    claims = Claims(staff_id=phone.officer_id, device_id=phone.device_id, ibc_id=ibc.code)
    return {"Authorization": f"Bearer {tokens.issue(keys_of(SECRET_KEY), claims, now=NOW)}"}


@pytest.mark.parametrize(
    "query", ["", "?lwt=&id=", "?lwt=null&id=null", "?lwt=0&id=", "?lwt=undefined&id=undefined"]
)
def test_rxdb_begins_with_any_word_for_nothing(client, headers, ibc, query):
    answer = client.get(f"{RXDB}/pull{query}", headers=headers)

    assert answer.status_code == 200
    assert {document["id"] for document in answer.json["documents"]} == set(ibc.stops)
    assert answer.json["checkpoint"].keys() == {"id", "lwt"}


def test_an_empty_page_repeats_the_checkpoint(client, headers):
    end = client.get(f"{RXDB}/pull", headers=headers).json["checkpoint"]
    query = f"?lwt={end['lwt']}&id={end['id']}&limit=100"

    answer = client.get(f"{RXDB}/pull{query}", headers=headers)

    assert answer.json == {"documents": [], "checkpoint": end}


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", f"{RXDB}/pull?limit=2001", 422),
        ("GET", f"{RXDB}/pull?lwt=nonsense", 400),
        ("GET", "/api/v1/rxdb/stop/0/pull", 426),
        ("GET", "/api/v1/rxdb/stop/0/pullStream", 426),
        ("GET", "/api/v1/rxdb/stop/2/pull", 404),
        ("GET", "/api/v1/rxdb/no_such/1/pull", 404),
        ("GET", "/api/v1/rxdb/decision/1/pull", 404),
        ("POST", f"{RXDB}/push", 400),
        ("GET", f"{WATERMELON}?last_pulled_at=nonsense", 400),
        ("GET", f"{WATERMELON}?migration=nonsense", 400),
        ("POST", WATERMELON, 400),
    ],
)
def test_what_cannot_be_read_is_said_with_its_status(client, headers, method, url, status):
    answer = client.open(
        url, method=method, headers=headers, data=b'"text"' if method == "POST" else None
    )

    assert answer.status_code == status


def test_nobody_syncs_without_a_phone(client, desk, ibc):
    for url in (f"{RXDB}/pull", WATERMELON, f"{RXDB}/pullStream"):
        assert client.get(url).status_code == 401

    supervisor = desk("supervisor")
    answer = client.get(WATERMELON, headers={"Authorization": f"Bearer {supervisor.token}"})
    assert answer.status_code == 403


def test_watermelon_begins_with_what_its_sample_sends(client, headers, ibc):
    query = "?last_pulled_at=null&schema_version=1&migration=null"

    answer = client.get(f"{WATERMELON}{query}", headers=headers)

    assert answer.status_code == 200
    assert {row["id"] for row in answer.json["changes"]["stop"]["updated"]} == set(ibc.stops)
    assert 0 < answer.json["timestamp"] < 2**53


def test_a_push_answers_a_bare_array_to_rxdb_and_an_object_to_watermelon(client, headers, ibc):
    visit = {
        "id": new_id(),
        "occurred_at": TIME,
        "account_no": ibc.accounts[0],
        "outcome": "locked",
    }
    raw = {**visit, "id": new_id(), "occurred_at": NOW, "_status": "created", "_changed": ""}
    changes = {"visit": {"created": [raw], "updated": [], "deleted": ["unknown"]}}

    rxdb = client.post(
        "/api/v1/rxdb/visit/1/push", json=[{"newDocumentState": visit}], headers=headers
    )
    watermelon = client.post(
        WATERMELON, json={"changes": changes, "lastPulledAt": None}, headers=headers
    )

    assert rxdb.json == []
    assert watermelon.json == {"experimentalRejectedIds": {}, "reasons": {}}


@pytest.mark.parametrize(
    "changes",
    [
        {"visit": []},
        {"visit": {"created": "text"}},
        {"visit": {"created": [1]}},
        {"visit": {"deleted": 5}},
        {"visit": {"updated": [{"id": 5}]}},
    ],
)
def test_changes_of_another_shape_are_refused_as_a_whole(client, headers, changes):
    answer = client.post(WATERMELON, json=changes, headers=headers)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"account_no": 5},
        {"account_no": None, "outcome": []},
        {"evidence": "not json", "outcome": {"a": 1}},
        {"occurred_at": "yesterday"},
        {"occurred_at": 1e300},
    ],
)
def test_any_odd_row_is_one_refused_row(client, headers, ibc, fields):
    odd = {"id": new_id(), "occurred_at": TIME, "account_no": ibc.accounts[0]} | fields

    rxdb = client.post(
        "/api/v1/rxdb/visit/1/push", json=[{"newDocumentState": odd}], headers=headers
    )
    changes = {"visit": {"created": [odd | {"id": new_id()}]}}
    watermelon = client.post(WATERMELON, json=changes, headers=headers)

    assert rxdb.status_code == watermelon.status_code == 200
    assert [document["id"] for document in rxdb.json] == [odd["id"]]
    assert len(watermelon.json["experimentalRejectedIds"]["visit"]) == 1
