"""Who may do what with money, and who may not do what after whom: tables (domain manual §6.10, M16)."""

import pytest

from auth.approvals import FIRST, SECOND, WITHOUT_LIMIT, limit_of
from auth.roles import APART, Permission, Role, permissions_of
from ledger.adjustments import KINDS, signatures_of
from models.adjustment import AdjustmentKindWord
from models.decision import DecisionKindWord
from tests.building import a_collection, a_phone
from tests.integration.office.desk import a_key

MAY = """
                  officer cashier reconciler supervisor ibc_manager finance auditor 118 admin
handle_cash       -       yes     -          -          -           -       -       -   -
watch_custody     -       -       -          yes        yes         -       -       -   -
read_custody      -       -       yes        yes        yes         yes     yes     -   -
clear             -       -       yes        -          -           -       -       -   -
make_decision     -       yes     yes        yes        yes         yes     -       -   -
approve_decision  -       -       -          yes        yes         yes     -       -   -
close_day         -       -       -          -          -           yes     -       -   -
verify_books      -       -       -          -          -           yes     yes     -   -
report_lost       -       -       -          yes        yes         -       -       yes yes
"""

LIMITS = """
                        supervisor  ibc_manager  finance
void                    50,000      1,000,000    any
transfer                50,000      1,000,000    any
reverse                 50,000      1,000,000    any
identify                50,000      1,000,000    any
waiver                  -           100,000      any
shortage_recovered      50,000      any          any
loss_recovered          50,000      any          any
difference_recovered    50,000      any          any
overage_to_income       -           -            any
shortage_written_off    -           500,000      -
loss_written_off        -           500,000      -
difference_written_off  -           500,000      -
"""


def table(text):
    header, *lines = [line.split() for line in text.strip().splitlines()]
    return [
        (line[0], name, cell) for line in lines for name, cell in zip(header, line[1:], strict=True)
    ]


@pytest.mark.parametrize(("permission", "role", "said"), table(MAY))
def test_a_role_may_what_the_table_says(permission, role, said):
    role = Role("call_centre_118" if role == "118" else role)

    assert (Permission(permission) in permissions_of({role})) is (said == "yes")


@pytest.mark.parametrize(("kind", "role", "rupees"), table(LIMITS))
def test_a_role_approves_up_to_its_limit(kind, role, rupees):
    known = {"-": 0, "any": WITHOUT_LIMIT}
    expected = known[rupees] if rupees in known else int(rupees.replace(",", "")) * 100

    assert limit_of({Role(role)}, kind) == expected


def test_every_kind_of_decision_has_a_limit_and_every_second_signature_too():
    kinds = {*DecisionKindWord, *AdjustmentKindWord}

    assert set(FIRST) == kinds
    assert set(SECOND) == {kind for kind in KINDS if signatures_of(kind) == 2}
    assert all(limit_of({Role.FINANCE}, kind, 2) == WITHOUT_LIMIT for kind in SECOND)


def test_no_one_person_receives_records_and_reconciles():
    handlers = {role for role in Role if Permission.HANDLE_CASH in permissions_of({role})}
    clearers = {role for role in Role if Permission.CLEAR in permissions_of({role})}
    closers = {role for role in Role if Permission.CLOSE_DAY in permissions_of({role})}

    for one, other in [(handlers, clearers), (handlers, closers), (clearers, closers)]:
        assert all(frozenset({a, b}) in APART for a in one for b in other)
    assert all(frozenset({Role.OFFICER, handler}) in APART for handler in handlers)


# What somebody did decides what he may not do next.


@pytest.fixture
def shortage(ibc, database, desk):
    """An officer who handed over Rs 400 of 500."""
    phone = a_phone(database, ibc)
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")))
    body = {"officer_id": phone.officer_id, "session_date": "2026-04-08", "purpose": "closing"}
    taken = desk("cashier").post("/handovers", body | {"counted": {"100": 4}}, key=a_key())
    assert taken.json["short_paisa"] == 100_00
    return f"{phone.officer_id}/2026-04-08"


def propose(who, kind, of, **more):
    body = {"kind": kind, "account_of": of, "amount_paisa": 100_00, "reason": "as found"} | more
    return who.post("/adjustments", body, key=a_key()).json


def sign(who, made, version=1, how="approve"):
    return who.post(f"/adjustments/{made['id']}/{how}", key=a_key(), version=version)


def test_a_write_off_needs_the_manager_and_then_finance(desk, shortage):
    manager, finance = desk("ibc_manager"), desk("finance")
    made = propose(desk("cashier"), "shortage_written_off", shortage)

    by_supervisor = sign(desk("supervisor"), made)
    by_finance = sign(finance, made)
    first = sign(manager, made)
    again = sign(manager, made, version=2)
    second = sign(finance, made, version=2)
    after = sign(finance, made, version=3)

    assert by_supervisor.json["type"] == by_finance.json["type"] == "/problems/over-limit"
    assert (first.status_code, second.status_code) == (200, 200)
    assert again.json["type"] == "/problems/maker-is-checker"
    assert after.json["errors"] == {"state": "already_approved"}
    [row] = finance.all("/adjustments?state=approved")
    assert (row["checker_id"], row["second_checker_id"]) == (manager.staff_id, finance.staff_id)
    [written_off] = finance.all("/balances?code=5030")
    assert written_off["balance_paisa"] == 100_00


def test_the_maker_of_an_adjustment_does_not_approve_it(desk, shortage):
    manager = desk("ibc_manager")
    made = propose(manager, "shortage_recovered", shortage, paid_by="cash")

    refused = sign(manager, made)

    assert refused.json["type"] == "/problems/maker-is-checker"
    assert desk("finance").all("/balances?code=1060")[0]["balance_paisa"] == 100_00


def test_a_rejected_adjustment_posts_nothing_and_stays_rejected(desk, shortage):
    made = propose(desk("cashier"), "shortage_recovered", shortage, paid_by="cash")

    rejected = sign(desk("supervisor"), made, how="reject")
    late = sign(desk("ibc_manager"), made, version=2)

    assert rejected.status_code == 200
    assert late.json["errors"] == {"state": "already_rejected"}
    assert desk("finance").all("/balances?code=1060")[0]["balance_paisa"] == 100_00


@pytest.mark.parametrize(
    ("asked", "errors"),
    [
        ({"amount_paisa": 101_00, "paid_by": "cash"}, {"amount_paisa": "more_than_is_there"}),
        ({"account_of": None, "paid_by": "cash"}, {"account_of": "required"}),
        ({}, {"paid_by": "required"}),
        ({"paid_by": "bank"}, {"bank_account": "required"}),
    ],
)
def test_an_adjustment_that_cannot_stand_is_not_even_proposed(desk, shortage, asked, errors):
    assert propose(desk("cashier"), "shortage_recovered", shortage, **asked)["errors"] == errors


def test_a_void_beyond_the_supervisors_limit_waits_for_the_manager(ibc, database, desk):
    phone = a_phone(database, ibc, name="7")
    large = a_collection(ibc.accounts[0], "DEF07-000001", amount_paisa=50_001_00)
    row = phone.put("collection", large)
    phone.push(row)
    body = {"kind": "void", "collection_id": row["record_id"], "reason": "typed twice"}
    made = desk("cashier").post("/decisions", body, key=a_key()).json
    path = f"/decisions/{made['id']}/approve"

    refused = desk("supervisor").post(path, version=1, key=a_key())
    approved = desk("ibc_manager").post(path, version=1, key=a_key())

    assert refused.json["type"] == "/problems/over-limit"
    assert approved.status_code == 200


def test_who_brought_the_slip_does_not_say_what_the_bank_did(ibc, database, desk, shortage):
    """The roles keep them apart; where a card was changed in between, the deed does."""
    cashier = desk("cashier")
    slip = {
        "kind": "cash",
        "bank_account": "HBL-0042",
        "slip_no": "S-1",
        "total_paisa": 400_00,
        "denominations": {"100": 4},
        "deposited_on": "2026-04-08",
    }
    made = cashier.post("/deposits", slip, key=a_key()).json
    photo = {"photo_sha256": "ab" * 32}
    cashier.post(f"/deposits/{made['id']}/at-bank", photo, key=a_key(), version=1)
    said = {
        "outcome": "banked",
        "deposit_id": made["id"],
        "bank_account": "HBL-0042",
        "amount_paisa": 400_00,
        "value_on": "2026-04-09",
    }
    moved_on = desk("reconciler", name="1")
    with database.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE deposits SET maker_id = '{moved_on.staff_id}' WHERE id = '{made['id']}'"
        )

    own = moved_on.post("/clearings", said, key=a_key())
    other = desk("reconciler", name="2").post("/clearings", said, key=a_key())

    assert own.json["type"] == "/problems/same-hands"
    assert other.status_code == 201
