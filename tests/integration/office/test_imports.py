"""Billing sends lines; those that cannot stand stop no other."""

import gzip

import orjson
import pytest

from infra.limits import IMPORT_ROWS_MAX
from models import ENTITIES
from models.declaration import Owner
from schemas.samples import sample_put
from sync.books import post
from tests.building import NOW, a_phone

URL = "/api/v1/ibcs/DEF/imports/"


@pytest.fixture
def feed(desk):
    return desk("billing_feed")


def send(feed, entity, *lines, raw=None, **headers):
    body = raw if raw is not None else b"\n".join(map(orjson.dumps, lines))
    return feed.client.post(
        URL + entity, data=body, headers={"Authorization": f"Bearer {feed.token}", **headers}
    )


def a_line(entity, **fields):
    return sample_put(ENTITIES[entity], Owner.OFFICE) | fields


def a_bill_line(n, account_no="0400000000001", **fields):
    return a_line("bill", invoice_no=f"B-{n}", account_no=account_no, **fields)


def test_bills_are_stored_and_reach_the_books(ibc, feed, database, desk):
    answer = send(feed, "bill", *(a_bill_line(n, current_paisa=5_000) for n in range(3)))
    post(database, "DEF", NOW)

    assert answer.json == {"stored": 3, "unchanged": 0, "errors": []}
    position = desk("cashier").get("/consumers/0400000000001/position").json
    assert position["due_paisa"] == 15_000


def test_good_lines_stand_beside_bad_ones_which_are_named(ibc, feed):
    good = a_bill_line(1)
    lines = [
        orjson.dumps(good),
        b"",
        b"{not json",
        b"[1]",
        orjson.dumps(a_bill_line(2, account_no="0999999999999")),
        orjson.dumps(a_bill_line(3, current_paisa="5")),
        orjson.dumps(a_bill_line(4, surprise=1)),
        orjson.dumps({"account_no": "0400000000001"}),
        orjson.dumps(a_bill_line(5)),
    ]

    answer = send(feed, "bill", raw=b"\n".join(lines)).json

    assert (answer["stored"], answer["unchanged"]) == (2, 0)
    assert [(e["line"], min(e["errors"])) for e in answer["errors"]] == [
        (3, "line"),
        (4, "line"),
        (5, "account_no"),
        (6, "current_paisa"),
        (7, "surprise"),
        (8, "arrears_paisa"),
    ]


@pytest.mark.parametrize("entity", ["consumer", "meter", "bill", "notice"])
def test_the_same_lines_again_change_nothing(entity, ibc, feed, database):
    line = a_line(entity, account_no="0400000000001")
    if entity == "consumer":
        line |= {"area_id": ibc.areas[0], "account_no": "0400000000077"}

    first, again = send(feed, entity, line), send(feed, entity, line)

    assert (first.json["stored"], again.json) == (
        1,
        {"stored": 0, "unchanged": 1, "errors": []},
    )


def test_a_line_about_a_known_record_changes_it(ibc, feed, database):
    a_phone(database, ibc)
    change = {"account_no": ibc.accounts[0], "name": "Moved In"}

    assert send(feed, "consumer", change).json["stored"] == 1
    with database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT id, version FROM consumers WHERE name = 'Moved In'"
        )
        assert found.all() == [(ibc.consumers[0], 2)]


def test_a_bill_never_moves_to_another_account(ibc, feed):
    send(feed, "bill", a_bill_line(1))

    answer = send(feed, "bill", a_bill_line(1, account_no="0400000000002")).json

    assert answer["errors"] == [{"line": 1, "errors": {"account_no": "never_changes"}}]


def test_two_lines_about_one_record_both_count(ibc, feed, database):
    answer = send(feed, "bill", a_bill_line(1), a_bill_line(1, notice_printed=False))

    assert answer.json["stored"] == 2


def test_a_packed_import_is_unpacked(ibc, feed):
    body = gzip.compress(orjson.dumps(a_bill_line(1)))

    assert send(feed, "bill", raw=body, **{"Content-Encoding": "gzip"}).json["stored"] == 1


def test_too_many_lines_are_refused_by_the_limits_name(ibc, feed):
    answer = send(feed, "bill", raw=b"{}\n" * (IMPORT_ROWS_MAX + 1))

    assert answer.status_code == 413
    assert "IMPORT_ROWS_MAX" in answer.text


@pytest.mark.parametrize("entity", ["collection", "staff", "decision", "nothing"])
def test_billing_sends_only_what_is_billings(entity, ibc, feed):
    assert send(feed, entity, {}).status_code == 404
