from ledger import reading
from ledger.reading import Basis
from tests.integration.ledger.office import IBC, NOW, O1042, RS, Office

A, B = "0400000000001", "0400000000002"
DAY_MS = 24 * 3_600_000


def two_days(office: Office) -> list[dict]:
    taken = [
        office.collection(A, 600),
        office.collection(A, 100, occurred_at=NOW + DAY_MS),
        office.collection(B, 900, "cheque"),
        office.collection(B, 50, outcome="held", code="DEVICE_UNTRUSTED", record=False),
    ]
    office.append([office.bill(A, 1000), *taken])
    office.post()
    return taken


def test_a_balance_can_be_asked_for_as_of_a_date(office):
    two_days(office)

    with office.database.read() as connection:
        first_day = reading.balances(
            connection, IBC, basis=Basis.BUSINESS_DATE, until="2026-04-08", code=1100
        )
        later = reading.balances(
            connection, IBC, basis=Basis.OCCURRED, until=NOW + 2 * DAY_MS, code=1100
        )

    assert [row["balance_paisa"] for row in first_day] == [400 * RS]
    assert [row["balance_paisa"] for row in later] == [300 * RS]


def test_the_trial_balance_is_zero(office):
    two_days(office)

    with office.database.read() as connection:
        trial = reading.trial_balance(connection, IBC, basis=Basis.POSTED, until=NOW + 1)

    assert sum(row["debits_paisa"] - row["credits_paisa"] for row in trial) == 0
    assert [row["account_code"] for row in trial] == [1010, 1030, 1100, 2110, 2900]


def test_pages_follow_each_other_without_gap_or_repeat(office):
    two_days(office)

    with office.database.read() as connection:
        every = reading.entries(connection, IBC)
        first = reading.entries(connection, IBC, limit=2)
        rest = reading.entries(connection, IBC, after=first[-1]["seq"])
        cells = reading.balances(connection, IBC, basis=Basis.POSTED, until=NOW + 1)
        last = (cells[1]["account_code"], cells[1]["account_of"])
        more = reading.balances(connection, IBC, basis=Basis.POSTED, until=NOW + 1, after=last)

    assert [*first, *rest] == every
    assert [*cells[:2], *more] == cells


def test_entries_are_found_by_what_they_are_about(office):
    taken = two_days(office)

    with office.database.read() as connection:
        by_source = reading.entries(connection, IBC, source_id=taken[0]["record_id"])
        by_account = reading.entries(connection, IBC, code=1100, of=A)
        by_date = reading.entries(connection, IBC, date_from="2026-04-09", date_to="2026-04-09")
        by_kind = reading.entries(connection, IBC, kind="collection_cheque")

    assert [entry["kind"] for entry in by_source] == ["collection_cash"]
    assert [line["account_code"] for line in by_source[0]["postings"]] == [1010, 1100]
    assert len(by_account) == 3
    assert len(by_date) == len(by_kind) == 1


def test_custody_shows_each_session_and_what_is_claimed_beside_the_books(office):
    two_days(office)

    with office.database.read() as connection:
        officers = reading.custody(connection, IBC)

    assert len(officers) == 1
    assert officers[0]["officer_id"] == O1042
    assert officers[0]["cash_paisa"] == 700 * RS
    assert officers[0]["claimed_paisa"] == 50 * RS
    assert [session["cash_paisa"] for session in officers[0]["sessions"]] == [600 * RS, 100 * RS]


def test_a_consumer_sees_his_last_payments_and_what_has_not_cleared(office):
    two_days(office)

    with office.database.read() as connection:
        first = reading.consumer(connection, IBC, A)
        second = reading.consumer(connection, IBC, B)

    assert first["due_paisa"] == 300 * RS
    assert [payment["amount_paisa"] for payment in first["payments"]] == [100 * RS, 600 * RS]
    assert second["uncleared_paisa"] == 900 * RS


def test_exceptions_are_listed_by_owner(office):
    two_days(office)

    with office.database.read() as connection:
        admins = reading.exceptions(connection, IBC, owner_role="admin")
        clerks = reading.exceptions(connection, IBC, owner_role="clerk")
        after = (admins[0]["opened_at"], admins[0]["id"])
        rest = reading.exceptions(connection, IBC, owner_role="admin", after=after)

    assert [case["kind"] for case in admins] == ["DEVICE_UNTRUSTED"]
    assert (list(clerks), list(rest)) == ([], [])
