"""A consumer goes to another IBC: his data is there, his standing crosses to the paisa, late money follows."""

import orjson
import pytest

from infra.ids import new_id
from infra.tenancy import within
from ledger.checks import verify
from sync.books import post
from sync.succession import carry_what_came
from tests.building import (
    NOW,
    a_bill,
    a_collection,
    a_notice,
    a_phone,
    a_put,
    office_write,
    words,
)
from tests.integration.office.desk import a_key
from tests.integration.sync.looking import one, rows
from tests.integration.sync.seeing import held_by, visible_to

LATER = NOW + 60_000
OF_CONSUMER = (1100, 2010, 2900)


@pytest.fixture
def feed(desk, database, ibc, two_ibcs):
    """Billing, which has a card at both IBCs."""
    person = desk("billing_feed")
    card = a_put("staff", person.staff_id, staff_no="B9501", roles=["billing_feed"], active=True)
    office_write(database, "CLF", card)
    return person


@pytest.fixture
def move(feed, two_ibcs):
    def ask(account_no, key=None, **changes):
        body = {"to": "CLF", "area_id": two_ibcs.areas[0]} | changes
        return feed.post(f"/consumers/{account_no}/transfer", body, key=key or a_key())

    return ask


def balances(database, code, account=None):
    """Debits less credits by account of the chart, of one consumer or of all."""
    which = "" if account is None else "AND account_of = :account"
    found = rows(
        database,
        "SELECT account_code, SUM(CASE side WHEN 'D' THEN amount_paisa ELSE -amount_paisa END) "
        f"FROM postings WHERE ibc_id = :code {which} GROUP BY account_code",
        code=code,
        **({} if account is None else {"account": account}),
    )
    return {code: int(paisa) for code, paisa in found if int(paisa)}


def both(database):
    """What both IBCs' books say together, of what consumers owe and of billing."""
    sums = dict.fromkeys(OF_CONSUMER, 0)
    for code in ("DEF", "CLF"):
        for account_code, paisa in balances(database, code).items():
            if account_code in sums:
                sums[account_code] += paisa
    return sums


def settle_books(database, now=NOW):
    for code in ("DEF", "CLF"):
        with within(code):
            post(database, code, now)


def clean(database):
    with database.read() as connection:
        return [
            finding
            for code in ("DEF", "CLF")
            for finding in verify(connection, code)
            # Receipts of these tests begin anywhere in their blocks (M10).
            if finding.check not in ("M2", "M10")
        ]


def test_what_he_owes_crosses_and_both_books_together_are_what_they_were(
    database, books, ibc, two_ibcs, move
):
    account = ibc.accounts[0]  # a bill of Rs 1,000, of which he has paid Rs 500
    before = both(database)

    moved = move(account)
    settle_books(database)

    assert (moved.status_code, moved.json["carried_paisa"]) == (200, 50_000)
    assert balances(database, "DEF", account) == {}
    assert balances(database, "CLF", account) == {1100: 50_000}
    assert both(database) == before
    assert clean(database) == []
    position = (
        "SELECT due_paisa, advance_paisa FROM positions WHERE ibc_id = :c AND account_no = :a"
    )
    assert one(database, position, c="CLF", a=account) == (50_000, 0)
    assert one(database, position, c="DEF", a=account) == (0, 0)


def test_what_he_has_paid_ahead_crosses_too(database, books, ibc, move):
    account = ibc.accounts[4]  # no bill
    phone = a_phone(database, ibc, name="2")
    phone.push(phone.put("collection", a_collection(account, "Q5-000050")))
    settle_books(database)
    before = both(database)

    moved = move(account)

    assert moved.json["carried_paisa"] == -50_000
    settle_books(database)
    assert balances(database, "DEF", account) == {}
    assert balances(database, "CLF", account) == {2010: -50_000}
    assert both(database) == before
    assert clean(database) == []


def test_his_meter_bills_and_notices_are_there_under_their_numbers(
    database, books, ibc, two_ibcs, move
):
    account = ibc.accounts[0]
    meter = a_put("meter", new_id(), meter_no="M-77", account_no=account)
    office_write(database, "DEF", meter, a_notice(account, "N-77"))

    move(account)

    for table, column, number in (
        ("meters", "meter_no", "M-77"),
        ("notices", "notice_no", "N-77"),
        ("bills", "invoice_no", "INV-0"),
    ):
        found = rows(
            database,
            f"SELECT ibc_id FROM {table} WHERE {column} = :number ORDER BY ibc_id",
            number=number,
        )
        assert found == [("CLF",), ("DEF",)]
    there = "SELECT area_id FROM consumers WHERE ibc_id = 'CLF' AND account_no = :a"
    assert one(database, there, a=account) == two_ibcs.areas[0]
    names = rows(
        database, "SELECT ibc_id, invoice_no FROM bills WHERE invoice_no LIKE 'STANDING-%'"
    )
    assert sorted((code, name.rpartition("-")[0]) for code, name in names) == [
        ("CLF", "STANDING-FROM-DEF"),
        ("DEF", "STANDING-TO-CLF"),
    ]


def test_he_leaves_the_phones_of_the_one_and_comes_to_those_of_the_other(
    database, books, ibc, two_ibcs, move
):
    here, there = a_phone(database, ibc), a_phone(database, two_ibcs)
    for phone in (here, there):
        phone.pull_all()

    move(ibc.accounts[0])
    for phone in (here, there):
        phone.pull_all()

    assert ibc.consumers[0] not in here.has("consumer") | here.has("directory")
    assert here.see("stop", ibc.stops[0])["state"] == "withdrawn"
    lines = {
        record["account_no"] for (name, _), record in there.store.items() if name == "directory"
    }
    assert ibc.accounts[0] in lines
    for phone in (here, there):
        assert held_by(phone) == visible_to(phone)


def test_money_that_the_old_officers_still_bring_follows_him(database, books, ibc, move):
    account = ibc.accounts[0]
    phone = a_phone(database, ibc, name="2")
    phone.pull_all()
    unsent = phone.put("collection", a_collection(account, "Q5-000060", amount_paisa=20_000))
    move(account)
    before = both(database)

    outcome = phone.push_one(unsent)
    settle_books(database)
    stranded = balances(database, "DEF", account)
    carried = [carry_what_came(database, LATER) for _ in range(2)]
    settle_books(database, LATER)

    assert words([outcome]) == ["applied"]
    assert stranded == {2010: -20_000}
    assert carried == [1, 0]
    assert balances(database, "DEF", account) == {}
    assert balances(database, "CLF", account) == {1100: 30_000}
    after = both(database)
    assert sum(after.values()) == sum(before.values()) - 20_000
    cash = "SELECT SUM(amount_paisa) FROM postings WHERE account_code = 1010 AND entry_seq = :e"
    entry = "SELECT seq FROM entries WHERE source_id = :id"
    assert one(database, cash, e=one(database, entry, id=unsent["record_id"])) >= 20_000
    assert clean(database) == []


def test_the_same_request_again_is_the_same_answer_and_another_is_refused(
    database, books, ibc, move
):
    key = a_key()

    first, again = move(ibc.accounts[0], key), move(ibc.accounts[0], key)
    other = move(ibc.accounts[0])

    assert first.data == again.data
    assert other.json["errors"] == {"account_no": "already_moved"}
    standing = "SELECT count(*) FROM bills WHERE invoice_no LIKE 'STANDING-%'"
    assert one(database, standing) == 2


def test_he_may_come_back(database, books, ibc, two_ibcs, feed, move):
    account = ibc.accounts[0]
    before = balances(database, "DEF", account)
    move(account)
    settle_books(database)

    path = f"/api/v1/ibcs/CLF/consumers/{account}/transfer"
    headers = feed._headers() | {"Idempotency-Key": a_key()}
    body = {"to": "DEF", "area_id": ibc.areas[1]}
    back = feed.client.post(path, json=body, headers=headers)
    settle_books(database)

    assert back.status_code == 200, back.text
    assert balances(database, "DEF", account) == before
    assert balances(database, "CLF", account) == {}
    assert rows(database, "SELECT ibc_id, to_ibc_id FROM successors") == [("CLF", "DEF")]
    assert clean(database) == []


def test_a_moved_account_gets_no_bill_and_no_round_here(database, books, ibc, feed, desk, move):
    account = ibc.accounts[0]
    move(account)

    line = {**a_bill(account, "INV-99").fields}
    imported = feed.client.post(
        "/api/v1/ibcs/DEF/imports/bill",
        data=orjson.dumps(line),
        headers=feed._headers() | {"Content-Type": "application/x-ndjson"},
    )

    assert imported.json["errors"][0]["errors"] == {"account_no": "unknown_account"}


def test_what_cannot_go_is_refused_by_name(database, books, ibc, two_ibcs, move):
    phone = a_phone(database, ibc, name="2")
    cheque = {
        "tender": "cheque",
        "bank": "HBL",
        "instrument_no": "1234567",
        "instrument_date": "2026-04-08",
    }
    phone.push(phone.put("collection", a_collection(ibc.accounts[3], "Q5-000070", **cheque)))

    assert move(ibc.accounts[3]).json["errors"] == {"account_no": "uncleared_money"}
    assert move("0400000009999").json["errors"] == {"account_no": "unknown_account"}
    assert move(ibc.accounts[0], area_id=new_id()).json["errors"] == {"area_id": "unknown_area"}
    assert move(ibc.accounts[0], to="DEF", area_id=ibc.areas[0]).json["errors"] == {
        "to": "same_ibc"
    }
    assert rows(database, "SELECT * FROM successors") == []


def test_who_has_no_card_at_the_other_ibc_gives_nobody_away(desk, books, ibc, two_ibcs):
    feed = desk("billing_feed")

    answers = [
        feed.post(
            f"/consumers/{ibc.accounts[0]}/transfer",
            {"to": code, "area_id": two_ibcs.areas[0]},
            key=a_key(),
        )
        for code in ("CLF", "XXX")
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].data == answers[1].data
