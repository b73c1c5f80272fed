"""The oracle sees a rupee that is missing, a fact that is double, a phone that differs."""

import pytest

from tests.simulation.day.oracle import (
    Fact,
    Notebook,
    Shown,
    audit,
    books_are_at_the_head,
    differences,
    set_aside,
    standing,
)

pytestmark = pytest.mark.usefixtures("tampering")
"""The books of these tests are written by hand, past the triggers that would refuse them."""

IBC, DEVICE, OFFICER, DATE = "DEF", "device", "officer", "2026-04-08"
ACCOUNT = "0400012345678"
CASH_PAISA = 1_500_00


@pytest.fixture
def connection(database):
    with database.write() as connection:
        run(connection, "INSERT INTO log_heads VALUES ('DEF', 'one', 0, '')")
        run(connection, "INSERT INTO books_offsets VALUES ('DEF', 0, 0, '', NULL, 0)")
        post(connection, 1, "bill", "b", [("D", 1100, ACCOUNT, 900_00), ("C", 2900, "", 900_00)])
        yield connection


@pytest.fixture
def day(connection):
    """A day of one receipt that is right in every place, and what stood before it."""
    run(connection, "UPDATE books_offsets SET entry_seq = 1")
    before = standing(connection, IBC)
    log(connection, 1, "m1", "h1")
    session = f"{OFFICER}/{DATE}"
    post(
        connection,
        2,
        "collection",
        "c1",
        [
            ("D", 1010, session, CASH_PAISA),
            ("C", 1100, ACCOUNT, 900_00),
            ("C", 2010, ACCOUNT, 600_00),
        ],
    )
    run(connection, f"INSERT INTO allocations VALUES ('DEF', 2, 1, '{ACCOUNT}', 'i1', 90000)")
    notebook = Notebook()
    notebook.note(a_fact("m1", "h1"), a_receipt())
    notebook.told[("m1", "h1")] = "applied"
    return notebook, before


def run(connection, statement):
    connection.exec_driver_sql(statement)


def log(connection, seq, mutation_id, body_hash, outcome="applied"):
    run(
        connection,
        "INSERT INTO mutations (ibc_id, seq, id, origin, author_id, entity, op, record_id, "
        "occurred_at, received_at, outcome, body, body_hash) VALUES ('DEF', "
        f"{seq}, '{mutation_id}', 'device', '{DEVICE}', 'collection', 'put', 'c1', 0, 0, "
        f"'{outcome}', '{{\"fields\":{{}}}}', '{body_hash}')",
    )


def post(connection, seq, entity, source_id, legs):
    run(
        connection,
        f"INSERT INTO entries VALUES ('DEF', {seq}, 'k', '{DATE}', 0, 0, '{entity}', "
        f"'{source_id}', {seq}, 'key {seq}', '', NULL, NULL, NULL, '', '', '')",
    )
    for line, (side, code, of, paisa) in enumerate(legs):
        run(
            connection,
            f"INSERT INTO postings VALUES ('DEF', {seq}, {line}, {code}, '{of}', '{side}', {paisa})",
        )


def a_fact(mutation_id, body_hash):
    return Fact(device_id=DEVICE, mutation_id=mutation_id, body_hash=body_hash, entity="collection")


def a_receipt(record_id="c1", **differences):
    usual = {
        "record_id": record_id,
        "receipt_no": f"A0-{record_id.removeprefix('c'):0>6}",
        "device_id": DEVICE,
        "officer_id": OFFICER,
        "date": DATE,
        "account_no": ACCOUNT,
        "known": True,
        "tender": "cash",
        "amount_paisa": CASH_PAISA,
    }
    return Shown(**(usual | differences))


def wrong(connection, notebook, before):
    return audit(connection, IBC, notebook, before, standing(connection, IBC)).wrong


def test_a_day_that_is_right_is_right(connection, day):
    assert wrong(connection, *day) == []


def test_a_fact_that_never_arrived_is_missed(connection, day):
    notebook, before = day
    notebook.note(a_fact("m2", "h2"))

    assert any("missing in the log" in line for line in wrong(connection, notebook, before))


def test_a_fact_that_nobody_recorded_is_seen(connection, day):
    log(connection, 2, "m2", "h2")

    assert any("no phone recorded" in line for line in wrong(connection, *day))


def test_an_outcome_that_was_told_otherwise_is_seen(connection, day):
    notebook, before = day
    notebook.told[("m1", "h1")] = "held"

    assert any("told otherwise" in line for line in wrong(connection, notebook, before))


def test_a_single_rupee_is_seen(connection, day):
    notebook, before = day
    notebook.shown[0] = a_receipt(amount_paisa=CASH_PAISA + 100)

    found = wrong(connection, notebook, before)

    assert any("not posted once" in line for line in found)
    assert any("custody differs" in line for line in found)
    assert any("1010" in line for line in found)


def test_a_receipt_that_is_posted_twice_is_seen(connection, day):
    session = f"{OFFICER}/{DATE}"
    legs = [("D", 1010, session, CASH_PAISA), ("C", 2010, ACCOUNT, CASH_PAISA)]
    post(connection, 3, "collection", "c1", legs)

    assert any("not posted once" in line for line in wrong(connection, *day))


def test_a_receipt_that_nobody_was_shown_is_seen(connection, day):
    legs = [("D", 1030, OFFICER, 100), ("C", 2110, ACCOUNT, 100)]
    post(connection, 3, "collection", "stranger", legs)

    assert any("nobody was shown" in line for line in wrong(connection, *day))


def test_money_that_is_held_without_a_reason_is_seen(connection, day):
    notebook, before = day
    log(connection, 2, "m2", "h2", outcome="held")
    run(connection, "UPDATE mutations SET code = 'SIGNATURE_BAD' WHERE seq = 2")
    notebook.note(a_fact("m2", "h2"))
    notebook.told[("m2", "h2")] = "held"

    assert any("held SIGNATURE_BAD" in line for line in wrong(connection, notebook, before))


def test_a_fact_that_waits_for_ever_is_seen(connection, day):
    notebook, before = day
    log(connection, 2, "m2", "h2", outcome="waiting")
    notebook.note(a_fact("m2", "h2"))
    notebook.told[("m2", "h2")] = "waiting"

    assert any("still waiting: m2" in line for line in wrong(connection, notebook, before))


REPORT = {"blocks": [{"prefix": "A0", "last_used": "A0-000003", "missing": []}]}


def lose(connection, notebook, report=REPORT):
    return set_aside(connection, IBC, notebook, DEVICE, report)


def a_gap(first, last):
    return {"blocks": [{**REPORT["blocks"][0], "missing": [[f"A0-{first:06d}", f"A0-{last:06d}"]]}]}


def test_what_a_lost_phone_had_not_sent_is_missing_and_no_loss(connection, day):
    notebook, before = day
    notebook.note(a_fact("m2", "h2"), a_receipt("c2", receipt_no="A0-000004"))

    assert lose(connection, notebook) == []
    assert [one.receipt_no for one in notebook.lost_receipts] == ["A0-000004"]
    assert wrong(connection, notebook, before) == []


def test_a_receipt_of_a_lost_phone_that_the_report_does_not_name_is_seen(connection, day):
    notebook, _ = day
    notebook.note(a_fact("m2", "h2"), a_receipt("c2", receipt_no="A0-000002"))

    assert lose(connection, notebook) == [
        "the report does not name A0-000002 of the lost phone as missing"
    ]
    assert lose(connection, notebook, a_gap(2, 2)) == []


def test_a_receipt_that_has_arrived_and_is_named_as_missing_is_seen(connection, day):
    notebook, _ = day
    notebook.shown[0] = a_receipt(receipt_no="A0-000001")

    assert lose(connection, notebook, a_gap(1, 2)) == [
        "the report names A0-000001 as missing, and it has arrived"
    ]


def test_what_a_lost_phone_was_told_is_in_the_log_or_is_a_loss(connection, day):
    notebook, before = day
    notebook.note(a_fact("m2", "h2"))
    notebook.told[("m2", "h2")] = "applied"

    lose(connection, notebook)

    assert notebook.lost_facts == []
    assert any("missing in the log" in line for line in wrong(connection, notebook, before))


def test_a_fact_of_another_phone_is_never_set_aside(connection, day):
    notebook, before = day
    notebook.note(Fact(device_id="other", mutation_id="m2", body_hash="h2", entity="visit"))

    lose(connection, notebook)

    assert any("missing in the log" in line for line in wrong(connection, notebook, before))


def test_the_books_are_at_the_head_when_they_have_read_the_last_row_that_is_not_theirs(
    connection, day
):
    assert day
    assert not books_are_at_the_head(connection, IBC)

    run(connection, "UPDATE books_offsets SET log_seq = 1")

    assert books_are_at_the_head(connection, IBC)


def test_a_phone_that_differs_is_seen_and_null_is_the_same_as_unsaid():
    scope = {("area", "a"): {"id": "a", "name": "Gizri", "aliases": None}, ("area", "b"): {}}
    phone = {("area", "a"): {"id": "a", "name": "Gizri"}, ("area", "c"): {}}

    found = differences(phone, scope)

    assert found == [
        "('area', 'b') is missing on the phone",
        "('area', 'c') should not be on the phone",
    ]
    assert differences({("area", "a"): {"name": "x"}}, {("area", "a"): {"name": "y"}}) == [
        "('area', 'a') differs in name"
    ]
