"""A robbery: known cash is nobody's debt, papers are rebuilt, and the phone's own facts do not count twice."""

import pytest

from infra.clock import rfc3339
from ledger.checks import verify
from sync.books import post
from sync.client import hand_in
from tests.building import NOW
from tests.integration.evidence.street import cash
from tests.integration.office.desk import a_key

DAY = "2026-04-08"


@pytest.fixture
def robbed(signer, ibc, desk, database):
    """Two receipts of Rs 500: one has arrived, the other is on the payer's paper alone."""
    signer.collect(cash(ibc.accounts[0]))
    signer.exchange()
    post(database, "DEF", NOW)
    receipt, _ = signer.collect(cash(ibc.accounts[1]))
    report = {
        "officer_id": signer.staff_id,
        "session_date": DAY,
        "kind": "robbed",
        "statement": "two men on a motorcycle",
        "area_id": ibc.areas[0],
    }
    answer = desk("supervisor").post("/losses", report, key=a_key())
    assert answer.status_code == 201, answer.text
    paper = {
        "receipt_no": receipt.number,
        "account_no": ibc.accounts[1],
        "amount_paisa": 500_00,
        "at": rfc3339(NOW),
        "code": receipt.code,
        "payer_called_back": True,
    }
    return answer.json, paper


def balance(desk, code):
    return sum(row["balance_paisa"] for row in desk("finance").all(f"/balances?code={code}"))


def due(desk, account_no):
    return desk("call_centre_118").get(f"/consumers/{account_no}/position").json["advance_paisa"]


def rebuild(desk, paper):
    return desk("cashier").post("/custody/rebuilt-receipts", paper, key=a_key())


def test_known_cash_is_under_inquiry_and_the_phone_and_the_area_are_closed(
    robbed, signer, ibc, desk, database
):
    report, _paper = robbed

    assert (balance(desk, 1010), balance(desk, 1060), balance(desk, 1065)) == (0, 0, 500_00)
    [phone] = report["phones"]
    assert (phone["state"], phone["blocks"][0]["used"]) == ("lost", 1)
    with database.read() as connection:
        area = connection.exec_driver_sql(
            f"SELECT cash_collection_enabled, safety_level FROM areas WHERE id = '{ibc.areas[0]}'"
        ).one()
    assert (bool(area[0]), area[1]) == (False, "closed")
    [session] = desk("supervisor").all("/custody/sessions")
    assert session["state"] == "robbed"


def test_a_payers_paper_is_rebuilt_once_under_its_own_number(robbed, ibc, desk, database):
    _report, paper = robbed

    first, again = rebuild(desk, paper), rebuild(desk, paper)

    assert first.status_code == 201, first.text
    assert again.json["errors"] == {"code": "not_to_be_rebuilt"}
    assert due(desk, ibc.accounts[1]) == 500_00
    assert balance(desk, 1065) == 1_000_00
    with database.read() as connection:
        assert [one for one in verify(connection, "DEF") if one.check != "M2"] == []


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"code": "AAAAAAAA"}, {"code": "not_to_be_rebuilt"}),
        ({"amount_paisa": 900_00}, {"code": "not_to_be_rebuilt"}),
        ({"payer_called_back": False}, {"payer_called_back": "required"}),
    ],
)
def test_a_paper_that_proves_nothing_is_not_rebuilt(robbed, desk, change, errors):
    _report, paper = robbed

    refused = rebuild(desk, paper | change)

    assert refused.json["errors"] == errors
    assert balance(desk, 1065) == 500_00


def test_the_phone_that_comes_back_does_not_post_it_twice(
    robbed, signer, wire, ibc, desk, database
):
    _report, paper = robbed
    rebuild(desk, paper)
    before = balance(desk, 1065)

    arrived = hand_in(wire, signer.export())
    post(database, "DEF", NOW)

    assert arrived == 1
    assert balance(desk, 1065) == before
    assert due(desk, ibc.accounts[1]) == 500_00
