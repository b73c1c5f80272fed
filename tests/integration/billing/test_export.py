"""Postings go to billing in numbered files, billing answers, and its dues are held against our books."""

import csv
import hashlib
import io
from itertools import count as from_one

import pytest

from infra.database import fetch
from sync import billing_answers, billing_export, tie_out
from sync.billing_rows import FileRefused
from sync.books import post
from tests.building import NOW, a_bill, a_collection, a_phone, office_write
from tests.integration.billing.conftest import a_file
from tests.integration.sync.counting import Killed, killed_at
from tests.integration.sync.looking import count

TODAY = "2026-04-08"


@pytest.fixture
def phone(database, ibc):
    return a_phone(database, ibc)


@pytest.fixture
def collect(database, ibc, phone):
    """collect(account index, paisa): cash, posted."""
    numbers = from_one(1)

    def take(n, paisa=50_000):
        receipt_no = f"Q3-{next(numbers):06d}"
        row = a_collection(ibc.accounts[n], receipt_no, amount_paisa=paisa)
        phone.push(phone.put("collection", row))
        post(database, "DEF", NOW)
        return row

    return take


def make(database, now=NOW):
    return billing_export.make(database, "DEF", author_id="billing", now=now)


def the_file(database, number):
    with database.read() as connection:
        return billing_export.content(connection, "DEF", number)


def rows_of(content):
    lines = list(csv.reader(io.StringIO(content.decode())))
    return [dict(zip(lines[1], line, strict=True)) for line in lines[2:-1]]


def answer(database, *lines, now=NOW):
    raw = a_file(
        [dict(zip(("posting_id", "answer", "reason"), line, strict=True)) for line in lines]
    )
    return database.transact(
        lambda c: billing_answers.take(c, "DEF", raw, author_id="billing", now=now)
    )


def compare(database, balances, *, number, now=NOW):
    raw = a_file([{"account_no": a, "balance_paisa": b} for a, b in balances.items()])
    row = database.transact(
        lambda c: tie_out.tie_out(
            c, "DEF", raw, as_of=TODAY, export_number=number, author_id="billing", now=now
        )
    )
    with database.read() as connection:
        lines = tie_out.differences(connection, "DEF", row["id"], after="", limit=100)
    return row, [(line["account_no"], line["difference_paisa"], line["cause"]) for line in lines]


def cases(database, kind):
    with database.read() as connection:
        found = fetch(
            connection,
            "SELECT state, resolution, account_no, amount_paisa FROM exceptions "
            "WHERE kind = :kind ORDER BY opened_at, id",
            kind=kind,
        )
    return [tuple(row) for row in found]


def test_each_posting_is_in_exactly_one_file(database, ibc, collect):
    seen = []
    for round_no in range(3):
        for n in range(round_no + 1):
            collect(n)
        seen += [
            row["posting_id"] for row in rows_of(the_file(database, make(database)[0]["file_no"]))
        ]

    with database.read() as connection:
        ours = fetch(
            connection,
            "SELECT entry_seq, line_no FROM postings WHERE account_code IN (1100, 2010)",
        )
    assert sorted(seen) == sorted(f"DEF-{row.entry_seq}-{row.line_no}" for row in ours)
    assert len(seen) == len(set(seen)) == 6


def test_what_billing_told_us_is_not_told_to_billing(database, ibc, collect):
    office_write(database, "DEF", a_bill(ibc.accounts[0], "INV-1", current_paisa=80_000))
    post(database, "DEF", NOW)

    assert make(database) == []
    collect(0)
    [row] = rows_of(the_file(database, make(database)[0]["file_no"]))
    assert (row["account_no"], row["account"], row["side"], row["amount_paisa"]) == (
        ibc.accounts[0],
        "1100",
        "C",
        "50000",
    )


def test_a_file_ends_with_control_totals_and_names_the_one_before(database, ibc, collect):
    collect(0), collect(1, 20_000)
    [first] = make(database)
    collect(2)
    [second] = make(database)

    lines = the_file(database, 1).decode().splitlines()
    assert lines[-1] == "T,2,0,70000"
    assert the_file(database, 2).decode().splitlines()[0].endswith(first["sha256"])
    assert second["previous_sha256"] == first["sha256"]
    assert hashlib.sha256(the_file(database, 1)).hexdigest() == first["sha256"]


def test_a_file_is_written_again_byte_for_byte_whatever_came_since(database, ibc, collect):
    collect(0)
    make(database)
    before = the_file(database, 1)
    collect(0, 10_000)
    office_write(database, "DEF", a_bill(ibc.accounts[0], "INV-9", current_paisa=80_000))
    post(database, "DEF", NOW)
    make(database)

    assert the_file(database, 1) == before


def test_a_file_over_changed_books_is_not_handed_out(database, ibc, collect, tampering):
    collect(0)
    make(database)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE postings SET amount_paisa = amount_paisa + 100")

    with pytest.raises(billing_export.ExportDiffers):
        the_file(database, 1)


def test_more_postings_than_a_file_takes_go_into_the_next(database, ibc, collect, monkeypatch):
    monkeypatch.setattr(billing_export, "EXPORT_ROWS_MAX", 2)
    for n in (0, 1, 2, 0, 1):
        collect(n)

    made = make(database)

    assert [row["row_count"] for row in made] == [2, 2, 1]
    assert [row["file_no"] for row in made] == [1, 2, 3]


def test_an_export_killed_anywhere_leaves_no_gap_and_nothing_twice(database, ibc, collect):
    collect(0), collect(1)
    for nth in from_one(1):
        try:
            with killed_at(database, nth):
                make(database)
        except Killed:
            assert count(database, "exports") in (0, 1), f"killed at statement {nth}"
            continue
        break
    make(database)

    assert count(database, "exports") == 1
    assert len(rows_of(the_file(database, 1))) == 2


def test_a_rejected_posting_is_an_exception_of_finance_until_it_is_sent_again_and_accepted(
    database, ibc, collect
):
    collect(0)
    make(database)
    [row] = rows_of(the_file(database, 1))
    name = row["posting_id"]

    said = answer(database, (name, "rejected", "account closed"))
    assert (said["accepted"], said["rejected"]) == (0, 1)
    assert cases(database, "BILLING_REJECTED") == [("open", None, ibc.accounts[0], 50_000)]
    database.transact(
        lambda c: billing_export.resend(c, "DEF", [name], author_id="finance", now=NOW)
    )
    [second] = make(database, NOW + 1)
    [again] = rows_of(the_file(database, second["file_no"]))
    answer(database, (name, "accepted", ""), now=NOW + 2)

    assert (again["record"], again["posting_id"]) == ("R", name)
    assert [case[:2] for case in cases(database, "BILLING_REJECTED")] == [
        ("resolved", "accepted_by_billing")
    ]


def test_only_what_billing_has_rejected_is_sent_again_and_once(database, ibc, collect):
    collect(0), collect(1)
    make(database)
    one, other = (row["posting_id"] for row in rows_of(the_file(database, 1)))
    answer(database, (one, "rejected", "x"), (other, "accepted", ""))

    def resend(name):
        return database.transact(
            lambda c: billing_export.resend(c, "DEF", [name], author_id="finance", now=NOW)
        )

    with pytest.raises(billing_export.NotRejected):
        resend(other)
    assert (resend(one), resend(one)) == (1, 0)


def test_an_answer_file_sent_again_changes_nothing(database, ibc, collect):
    collect(0)
    make(database)
    [row] = rows_of(the_file(database, 1))

    first = answer(database, (row["posting_id"], "rejected", "x"))
    again = answer(database, (row["posting_id"], "rejected", "x"), now=NOW + 1_000)

    assert again == first
    assert (count(database, "billing_answers"), count(database, "answer_files")) == (1, 1)


def test_answers_to_what_was_never_sent_and_answers_that_contradict_are_named(
    database, ibc, collect
):
    collect(0)
    make(database)
    [row] = rows_of(the_file(database, 1))
    name = row["posting_id"]
    answer(database, (name, "accepted", ""))

    said = answer(
        database,
        ("DEF-999-1", "accepted", ""),
        ("CLF-1-1", "accepted", ""),
        (name, "rejected", "late"),
        (name, "accepted", ""),
        ("DEF-1-1", "perhaps", ""),
    )

    assert said["errors"] == (
        '{"2":"never_sent","3":"never_sent","4":"accepted_before","5":"twice_in_file 4",'
        '"6":"not_one_of accepted,rejected"}'
    )
    assert (said["accepted"], said["rejected"]) == (0, 0)


def test_books_that_agree_tie_out(database, ibc, collect):
    office_write(database, "DEF", a_bill(ibc.accounts[0], "INV-1", current_paisa=80_000))
    post(database, "DEF", NOW)
    collect(0)
    make(database)
    collect(0, 10_000)

    row, lines = compare(database, {ibc.accounts[0]: 30_000}, number=1)

    assert lines == []
    assert (row["billing_paisa"], row["ours_paisa"], row["unsent_paisa"]) == (
        30_000,
        30_000,
        -10_000,
    )


def test_each_difference_is_listed_by_consumer_with_its_cause(database, ibc, collect):
    accounts = ibc.accounts
    bills = [a_bill(a, f"INV-{n}", current_paisa=80_000) for n, a in enumerate(accounts[:5])]
    office_write(database, "DEF", *bills)
    post(database, "DEF", NOW)
    collect(0), collect(1), collect(2)
    make(database)
    rejected, unanswered, accepted = (row["posting_id"] for row in rows_of(the_file(database, 1)))
    answer(database, (rejected, "rejected", "x"), (accepted, "accepted", ""))
    assert unanswered

    _, lines = compare(
        database,
        {
            accounts[0]: 80_000,
            accounts[1]: 80_000,
            accounts[2]: 80_000,
            accounts[3]: 80_000,
            "0400000000099": 500,
        },
        number=1,
    )

    assert lines == [
        (accounts[0], 50_000, "rejected"),
        (accounts[1], 50_000, "not_answered"),
        (accounts[2], 50_000, "unexplained"),
        (accounts[4], -80_000, "missing_there"),
        ("0400000000099", 500, "unknown_here"),
    ]
    assert [case[2:] for case in sorted(cases(database, "BILLING_DIFFERENCE"))] == [
        (accounts[2], 50_000),
        (accounts[4], -80_000),
        ("0400000000099", 500),
    ]


def test_the_same_difference_tomorrow_is_the_same_exception_and_closes_when_it_is_gone(
    database, ibc
):
    compare(database, {ibc.accounts[0]: 700}, number=0)
    compare(database, {ibc.accounts[0]: 700, ibc.accounts[1]: 0}, number=0, now=NOW + 1)
    assert [case[0] for case in cases(database, "BILLING_DIFFERENCE")] == ["open"]

    compare(database, {ibc.accounts[0]: 0}, number=0, now=NOW + 2)

    assert [case[:2] for case in cases(database, "BILLING_DIFFERENCE")] == [
        ("resolved", "tied_out")
    ]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"account_no,balance_paisa\n0400000000001,5\n0400000000001,6\n", "account_twice"),
        (b"account_no,balance_paisa\n0400000000001,5.0\n", "not_a_whole_number"),
        (b"account_no,balance_paisa\n0400000000001,500\n#END,1,501\n", "total_does_not_add_up"),
        (b"account_no,balance_paisa\n0400000000001,500", "file_cut_off"),
    ],
)
def test_a_tie_out_over_a_bad_file_is_refused_whole(sent, reason, database, ibc):
    with pytest.raises(FileRefused, match=reason):
        database.transact(
            lambda c: tie_out.tie_out(
                c, "DEF", sent, as_of=TODAY, export_number=0, author_id="billing", now=NOW
            )
        )

    assert count(database, "tie_outs") == 0


def test_the_whole_conversation_over_http(ibc, collect, desk, database):
    collect(0)
    feed, finance = desk("billing_feed"), desk("finance")
    headers = {"Authorization": f"Bearer {feed.token}"}
    root = "/api/v1/ibcs/DEF"

    [made] = feed.post("/exports").json["made"]
    content = feed.get(f"/exports/{made['file_no']}/file").data
    [row] = rows_of(content)
    body = f"posting_id,answer\n{row['posting_id']},rejected\n"
    said = feed.client.post(f"{root}/billing-answers", data=body, headers=headers).json
    again = finance.post("/exports/resends", {"posting_ids": [row["posting_id"]]}).json
    dues = f"account_no,balance_paisa\n{ibc.accounts[0]},0\n"
    url = f"{root}/tie-outs?as_of={TODAY}&export_number=1"
    tied = feed.client.post(url, data=dues, headers=headers).json

    assert finance.all("/exports") == [made]
    assert (said["rejected"], said["errors"], again) == (1, {}, {"sent_again": 1})
    [difference] = finance.all(f"/tie-outs/{tied['id']}/differences")
    assert (difference["cause"], difference["difference_paisa"]) == ("rejected", 50_000)
    assert finance.all("/tie-outs") == [tied]
