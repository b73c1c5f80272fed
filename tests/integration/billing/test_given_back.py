"""A refund and a fee: one person proposes, another approves, and the books say what happened."""

import pytest

from infra.database import fetch
from infra.ids import derived_id
from ledger.checks import verify
from models.demo.rules import rules
from sync import billing_export
from sync.books import post
from sync.office import Put
from tests.building import NOW, a_bill, a_collection, a_phone, office_write
from tests.integration.office.desk import a_key


@pytest.fixture
def paid(database, ibc):
    """The first consumer owes nothing and has an advance of Rs 300; the second owes Rs 6,000."""
    office_write(
        database,
        "DEF",
        a_bill(ibc.accounts[0], "INV-1", current_paisa=20_000, bill_month="2026-03"),
        a_bill(ibc.accounts[1], "INV-2", current_paisa=600_000, bill_month="2026-03"),
        *(Put(r.entity, derived_id("DEF", r.id), r.fields) for r in rules()),
    )
    phone = a_phone(database, ibc)
    row = a_collection(ibc.accounts[0], "Q3-000001", amount_paisa=50_000)
    phone.push(phone.put("collection", row))
    post(database, "DEF", NOW)
    return ibc.accounts


def legs(database, kind):
    with database.read() as connection:
        found = fetch(
            connection,
            "SELECT p.account_code, p.account_of, p.side, p.amount_paisa FROM entries e "
            "JOIN postings p ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq "
            "WHERE e.kind = :kind ORDER BY e.seq, p.line_no",
            kind=kind,
        )
    return [tuple(row) for row in found]


def a_refund(account_no, **fields):
    usual = {
        "account_no": account_no,
        "amount_paisa": 30_000,
        "paid_from": "bank",
        "bank_account": "HBL-1",
        "reason": "He moved away.",
    }
    return usual | fields


def a_fee(account_no, **fields):
    usual = {
        "kind": "reconnection_fee",
        "account_no": account_no,
        "on_date": "2026-04-08",
        "reason": "Cut on 8 April, paid since.",
    }
    return usual | fields


SIGNED = {"acknowledgement": "Signed slip 12"}


def test_an_advance_goes_back_from_the_bank_when_two_people_say_so(paid, desk, database):
    made = desk("reconciler").post("/refunds", a_refund(paid[0]), key=a_key()).json

    assert legs(database, "refunded") == []
    done = desk("finance").post(
        f"/refunds/{made['id']}/approve", SIGNED, key=a_key(), version=made["version"]
    )

    assert (done.json["state"], len(done.json["entry_seqs"])) == ("approved", 1)
    assert legs(database, "refunded") == [
        (2010, paid[0], "D", 30_000),
        (1210, "HBL-1", "C", 30_000),
    ]
    with database.read() as connection:
        assert verify(connection, "DEF") == []


def test_the_same_requests_again_pay_once(paid, desk, database):
    make, approve = a_key(), a_key()
    maker, checker = desk("reconciler"), desk("finance")
    made = [maker.post("/refunds", a_refund(paid[0]), key=make).json for _ in range(2)]
    url = f"/refunds/{made[0]['id']}/approve"
    done = [
        checker.post(url, SIGNED, key=approve, version=made[0]["version"]).json for _ in range(2)
    ]

    assert made[0] == made[1]
    assert done[0] == done[1]
    assert len(legs(database, "refunded")) == 2


def test_who_proposed_a_refund_does_not_approve_it(paid, desk, database):
    both = desk("supervisor")
    made = both.post("/refunds", a_refund(paid[0]), key=a_key()).json

    answer = both.post(
        f"/refunds/{made['id']}/approve", SIGNED, key=a_key(), version=made["version"]
    )

    assert answer.json["type"] == "/problems/maker-is-checker"
    assert legs(database, "refunded") == []


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"amount_paisa": 30_001}, {"amount_paisa": "more_than_advance 30000"}),
        ({"account_no": "0999999999999"}, {"account_no": "unknown_account"}),
        ({"bank_account": None}, {"bank_account": "needed_for_this_kind"}),
        ({"paid_from": "cash"}, {"bank_account": "not_for_this_kind"}),
        (
            {"paid_from": "cash", "bank_account": None, "amount_paisa": 150},
            {"amount_paisa": "cash_is_whole_rupees"},
        ),
    ],
)
def test_a_refund_that_cannot_be_is_refused_when_it_is_proposed(fields, errors, paid, desk):
    answer = desk("reconciler").post(
        "/refunds", a_refund(**{"account_no": paid[0], **fields}), key=a_key()
    )

    assert (answer.status_code, answer.json["errors"]) == (422, errors)


def test_cash_that_the_office_does_not_have_is_not_paid_out_and_nothing_stays(paid, desk, database):
    cash = a_refund(paid[0], paid_from="cash", bank_account=None)
    made = desk("reconciler").post("/refunds", cash, key=a_key()).json

    answer = desk("finance").post(
        f"/refunds/{made['id']}/approve", SIGNED, key=a_key(), version=made["version"]
    )

    assert answer.json["errors"] == {"amount_paisa": "money_has_moved_on"}
    [still] = desk("finance").all("/refunds?state=submitted")
    assert still["id"] == made["id"]


def test_an_advance_that_a_bill_has_used_meanwhile_is_not_paid_out(paid, desk, database):
    made = desk("reconciler").post("/refunds", a_refund(paid[0]), key=a_key()).json
    office_write(database, "DEF", a_bill(paid[0], "INV-3", current_paisa=10_000))

    answer = desk("finance").post(
        f"/refunds/{made['id']}/approve", SIGNED, key=a_key(), version=made["version"]
    )

    assert answer.json["errors"] == {"amount_paisa": "more_than_advance 20000"}


def test_a_rejected_refund_posts_nothing(paid, desk, database):
    made = desk("reconciler").post("/refunds", a_refund(paid[0]), key=a_key()).json

    answer = desk("finance").post(
        f"/refunds/{made['id']}/reject", key=a_key(), version=made["version"]
    )

    assert (answer.json["state"], legs(database, "refunded")) == ("rejected", [])


def test_a_fee_is_what_the_rule_of_its_day_says_and_is_owed_and_told_to_billing(
    paid, desk, database
):
    made = desk("reconciler").post("/fees", a_fee(paid[1]), key=a_key()).json

    assert (made["rule_no"], made["amount_paisa"]) == ("reconnection_fee-2021-01-01", 80_000)
    desk("finance").post(f"/fees/{made['id']}/approve", key=a_key(), version=made["version"])
    assert legs(database, "fee_charged") == [
        (1100, paid[1], "D", 80_000),
        (2900, "", "C", 80_000),
    ]
    billing_export.make(database, "DEF", author_id="billing", now=NOW)
    with database.read() as connection:
        content = billing_export.content(connection, "DEF", 1).decode()
        assert verify(connection, "DEF") == []
    [line] = [line for line in content.splitlines() if "fee_charged" in line]
    assert line.endswith(f",D,80000,fee_charged,fee,{made['id']},reconnection_fee-2021-01-01")


def test_a_receipt_pays_a_fee_like_a_bill(paid, desk, database, ibc):
    made = desk("reconciler").post("/fees", a_fee(paid[2], on_date="2016-01-01"), key=a_key()).json
    desk("finance").post(f"/fees/{made['id']}/approve", key=a_key(), version=made["version"])
    position = desk("cashier").get(f"/consumers/{paid[2]}/position").json
    phone = a_phone(database, ibc, name="2")
    phone.push(phone.put("collection", a_collection(paid[2], "Q5-000009", amount_paisa=10_000)))
    post(database, "DEF", NOW)

    assert position["open_bills"] == [{"invoice_no": f"FEE-{made['id']}", "open_paisa": 10_000}]
    assert desk("cashier").get(f"/consumers/{paid[2]}/position").json["open_bills"] == []


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"on_date": "2009-12-31"}, {"on_date": "no_rule_on_that_day"}),
        ({"kind": "bounce_charge"}, {"kind": "rule_charges_nothing"}),
        ({"account_no": "0999999999999"}, {"account_no": "unknown_account"}),
    ],
)
def test_a_fee_without_a_rule_is_refused(fields, errors, paid, desk):
    answer = desk("reconciler").post(
        "/fees", a_fee(**{"account_no": paid[1], **fields}), key=a_key()
    )

    assert (answer.status_code, answer.json["errors"]) == (422, errors)
