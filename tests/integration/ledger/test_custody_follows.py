"""What the books load from the database for custody: rebuilt receipts, ended sessions, closed dates."""

from infra.database import insert_rows
from infra.ids import derived_id
from models.log import Claim
from tests.integration.ledger.office import IBC, O1042, RS, Office

A, B = "0400000000001", "0400000000002"
DAY = "2026-04-08"
SESSION = f"{O1042}/{DAY}"


def handover(office: Office, rupees: int, **how):
    fields = {
        "officer_id": O1042,
        "session_date": DAY,
        "purpose": how.pop("purpose", "closing"),
        "counted_paisa": rupees * RS,
        "counted": {},
        "cashier_id": "cashier",
        "state": "accepted",
    }
    return office.row("handover", fields, **how)


def left(office: Office) -> dict[int, int]:
    codes = (1010, 1060, 1065, 2080)
    found = {code: office.balance(code, SESSION) // RS for code in codes}
    return {code: rupees for code, rupees in found.items() if rupees}


def post_each(office: Office, *rows) -> None:
    """Every row in a transaction of its own, so that the next finds only what was stored."""
    for row in rows:
        office.append([row])
        office.post(chunk_rows=1)


def test_a_session_that_ended_earlier_is_still_ended(office):
    post_each(office, office.collection(A, 500), handover(office, 700))
    assert left(office) == {2080: -200}

    post_each(office, office.collection(B, 200))
    assert left(office) == {}

    post_each(office, office.collection(B, 300))
    assert left(office) == {1060: 300}
    cases = office.rows("SELECT kind, state, amount_paisa FROM exceptions ORDER BY kind")
    assert cases == [("HANDOVER_OVER", "resolved", 0), ("HANDOVER_SHORT", "open", 300 * RS)]


def test_chunks_end_where_single_rows_do(office):
    rows = [
        *(office.collection(A, 500), handover(office, 300, purpose="turn_in")),
        *(office.collection(B, 400), handover(office, 700), office.collection(A, 50)),
    ]
    office.append(rows)

    office.post()

    assert left(office) == {2080: -50}


def test_a_rebuilt_receipt_that_its_phone_brings_later_is_recognised(office):
    named = {"receipt_no": "Q3-000900"}
    paper = office.collection(
        A, 300, origin="office", officer_id=O1042, fields=named | {"rebuilt_by": "clerk"}
    )
    own = office.collection(
        A, 300, outcome="held", code="DEVICE_UNTRUSTED", record=False, fields=named
    )
    release = own | {
        "id": derived_id("release", own["id"]),
        "of_id": own["id"],
        "op": "release",
        "outcome": "applied",
        "code": None,
        "fields": {},
    }
    claim = {
        "ibc_id": IBC,
        "kind": "receipt_no",
        "value": "Q3-000900",
        "record_id": paper["record_id"],
    }
    with office.database.write() as connection:
        insert_rows(connection, Claim.__table__, [claim])

    post_each(office, office.consumer(A), paper, own, release)

    assert office.balance(2010, A) == -300 * RS
    assert left(office) == {1010: 300}
    assert office.rows("SELECT state FROM exceptions") == [("resolved",)]


def test_a_date_that_was_closed_earlier_is_still_closed(office):
    period = office.row(
        "period", {"business_date": DAY, "closer_id": "finance", "forced": False, "reason": None}
    )
    post_each(office, office.collection(A, 100), period, office.collection(A, 200))

    dates = office.rows("SELECT business_date FROM entries ORDER BY seq")

    assert dates == [(DAY,), ("2026-04-09",)]
    [(closed_seq,)] = office.rows("SELECT closed_seq FROM periods")
    assert office.rows("SELECT entity FROM mutations WHERE seq = :seq", seq=closed_seq) == [
        ("period",)
    ]
