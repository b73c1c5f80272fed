"""What arrives at the bank meets what was sent there: certain is matched, likely suggested, the rest is a case."""

from itertools import pairwise
from time import process_time

import pytest

from infra.database import fetch
from infra.ids import derived_id
from ledger.checks import verify
from sync.reconciling import reconcile
from tests.building import NOW, a_put, office_write
from tests.integration.statements.sending import bank_day, send
from tests.integration.statements.street import EMPTY, TODAY, Street
from tests.integration.test_statements import listening
from tests.unit.ledger.statements.files import AGENCY_HEADING

NEXT_DAY = 9
STATEMENTS_MAX = 100
"""Of one page of 500 lines: candidates, claims, records, the books behind them, cases."""
WEEK = 7 * 24 * 3_600_000


@pytest.fixture
def street(database, ibc):
    return Street(database, ibc)


def run(database, now=NOW):
    return reconcile(database, "DEF", clock=lambda: now)


def matches(database):
    with database.read() as connection:
        return fetch(
            connection,
            "SELECT kind, rule, state, amount_paisa, evidence FROM matches ORDER BY occurred_at, id",
        )


def kinds(desk, path="/exceptions"):
    return sorted(case["kind"] for case in desk.all(path))


def holds(database):
    with database.read() as connection:
        # The test's tables have no migrations; the triggers are made with them.
        return verify(connection, "DEF")


def test_the_worked_days_bank_and_agency_are_explained_to_the_rupee(
    street, bank, agency, reconciler, database, ibc
):
    """Domain manual §6.7: 7,400 in, the cheque comes back, JazzCash pays 1,485 after a fee of 15."""
    street.collect(ibc.accounts[0], 7_400)
    cheque = street.cheque(ibc.accounts[1], 6_500, "445566")
    street.claim(ibc.accounts[2], 1_500, "JC1")
    street.turn_in(7_400, cheque)
    street.deposit("7710001", 7_400)
    street.deposit("7710002", 6_500, cheque)
    day = bank_day(
        NEXT_DAY,
        0,
        ("CASH DEP SLIP 7710001", 7_400),
        ("CLG SLIP 7710002", 6_500),
        ("CHQ RETURN 445566", -6_500),
        ("JAZZCASH SETTLEMENT", 1_485),
    )
    send(reconciler, agency, f"{AGENCY_HEADING}2026-04-08,JC1,{ibc.accounts[2]},1500,15,1485\n")
    send(reconciler, bank, day)

    done = run(database)

    assert (done.matched, done.suggested, done.unmatched) == (4, 1, 0)
    assert street.balance(1210) == 7_400 + 1_485
    assert (street.balance(1025), street.balance(1040), street.balance(1050)) == (0, 0, 0)
    assert (street.balance(5020), street.balance(2110)) == (15, 0)
    assert street.balances()[1100, ibc.accounts[1]] == 2_000
    assert holds(database) == []


def test_a_match_says_by_what_it_was_found(street, bank, reconciler, database, ibc):
    street.collect(ibc.accounts[0], 500)
    street.turn_in(500)
    street.deposit("7710001", 500)
    send(reconciler, bank, bank_day(NEXT_DAY, 0, ("DEP 7710001", 500)))

    run(database)

    [match] = reconciler.all("/matches")
    assert (match["kind"], match["rule"], match["state"]) == ("deposit", "slip_no", "active")
    assert match["evidence"] == {"token": "7710001", "days": 1}
    [line] = reconciler.all(f"/statements/{one_statement(reconciler)}/lines")
    assert (line["match_id"], line["match_rule"]) == (match["id"], "slip_no")
    with database.read() as connection:
        [deposit] = fetch(connection, "SELECT state FROM deposits")
    assert deposit.state == "matched"


def one_statement(reconciler):
    [statement] = reconciler.all("/statements")
    return statement["id"]


def test_running_again_explains_nothing_twice(street, bank, reconciler, database, ibc):
    street.collect(ibc.accounts[0], 500)
    street.turn_in(500)
    street.deposit("7710001", 500)
    send(reconciler, bank, bank_day(NEXT_DAY, 0, ("DEP 7710001", 500), ("WHO KNOWS", 70)))
    run(database)
    before = (street.balances(), len(matches(database)), reconciler.all("/exceptions"))

    again = run(database)

    assert (again.matched, again.unmatched) == (0, 1)
    assert (street.balances(), len(matches(database)), reconciler.all("/exceptions")) == before


def test_the_sum_of_a_days_slips_is_one_line(street, bank, reconciler, database, ibc):
    street.collect(ibc.accounts[0], 1_900)
    street.turn_in(1_900)
    for number, rupees in (("1001", 500), ("1002", 800), ("1003", 600)):
        street.deposit(number, rupees)
    send(reconciler, bank, bank_day(NEXT_DAY, 0, ("CASH COUNTER", 1_300)))

    run(database)

    [match] = matches(database)
    assert (match.rule, match.amount_paisa) == ("day_sum", 130_000)
    assert (street.balance(1210), street.balance(1025)) == (1_300, 600)


@pytest.mark.parametrize("slips", [("7710001", "7710001"), ("1001", "1002")])
def test_two_candidates_are_never_matched(slips, street, bank, reconciler, database, ibc):
    street.collect(ibc.accounts[0], 1_000)
    street.turn_in(1_000)
    street.deposit(slips[0], 500)
    street.deposit(slips[1], 500, on="2026-04-07")
    send(reconciler, bank, bank_day(NEXT_DAY, 0, ("CASH 7710001", 500)))

    done = run(database)

    assert (done.matched, done.ambiguous) == (0, 1)
    assert matches(database) == []
    assert kinds(reconciler) == ["AMBIGUOUS"]
    assert len(reconciler.all("/suggestions")) == 2
    assert street.balance(1210) == 0


@pytest.mark.parametrize("page_lines", [1, 500])
def test_two_lines_about_one_slip_are_never_matched_whatever_the_page(
    page_lines, street, bank, reconciler, database, ibc
):
    street.collect(ibc.accounts[0], 500)
    street.turn_in(500)
    street.deposit("7710001", 500)
    send(reconciler, bank, bank_day(NEXT_DAY, 0, ("A 7710001", 500), ("B 7710001", 500)))

    done = reconcile(database, "DEF", clock=lambda: NOW, page_lines=page_lines)

    assert (done.matched, done.ambiguous) == (0, 2)
    assert street.balance(1210) == 0


def test_a_cheque_slip_clears_every_cheque_on_it(street, bank, reconciler, database, ibc):
    one, two = (
        street.cheque(ibc.accounts[0], 2_000, "111111"),
        street.cheque(ibc.accounts[1], 700, "222222"),
    )
    street.turn_in(0, one, two)
    street.deposit("7710009", 2_700, one, two)
    send(reconciler, bank, bank_day(NEXT_DAY, 0, ("CLG SLIP 7710009", 2_700)))

    run(database)

    balances = street.balances()
    assert (street.balance(1040), street.balance(2110), street.balance(1210)) == (0, 0, 2_700)
    assert ((1100, ibc.accounts[0]) in balances, balances[1100, ibc.accounts[1]]) == (False, 1_300)
    assert holds(database) == []


def test_what_nobody_wrote_down_posts_itself_and_what_has_no_account_waits_in_suspense(
    street, agency, reconciler, database, ibc
):
    rows = f"2026-04-08,X1,{ibc.accounts[0]},2000,20,1980\n2026-04-08,X2,0999999999999,50,1,49\n"
    send(reconciler, agency, AGENCY_HEADING + rows)

    done = run(database)

    assert done.matched == 2
    assert (1100, ibc.accounts[0]) not in street.balances()
    assert (street.balance(1210), street.balance(5020), street.balance(2090)) == (2_029, 21, -50)
    assert holds(database) == []


def test_a_transaction_that_the_agency_sends_twice_is_a_case_and_no_money(
    street, agency, reconciler, database, ibc
):
    row = f"X1,{ibc.accounts[0]},2000,20,1980\n"
    send(reconciler, agency, f"{AGENCY_HEADING}2026-04-08,{row}2026-04-09,{row}")

    done = run(database)

    assert (done.matched, done.duplicates) == (0, 2)
    assert kinds(reconciler) == ["DUPLICATE_TXN", "DUPLICATE_TXN"]
    assert street.balance(1210) == 0


def test_what_waits_too_long_is_a_case_until_it_comes(street, bank, reconciler, database, ibc):
    street.collect(ibc.accounts[0], 500)
    cheque = street.cheque(ibc.accounts[1], 700, "222222")
    street.claim(ibc.accounts[2], 300, "JC7")
    street.turn_in(500, cheque)
    street.deposit("7710001", 500)
    street.deposit("7710002", 700, cheque)

    run(database)
    at_once = kinds(reconciler)
    run(database, NOW + WEEK)
    late = kinds(reconciler)
    send(reconciler, bank, bank_day(NEXT_DAY, 0, ("DEP 7710001", 500), ("CLG 7710002", 700)))
    run(database, NOW + WEEK)

    assert at_once == []
    assert late == ["CHEQUE_STALE", "CLAIM_UNCONFIRMED", "UNMATCHED_BOOK"]
    assert kinds(reconciler) == ["CLAIM_UNCONFIRMED"]


def slips_and_lines(street, reconciler, count):
    """As many slips at the bank, and a line for each that says its number."""
    slips = [(f"{7_000_000 + n}", 1 + n % 7) for n in range(count)]
    office_write(street.database, "DEF", *(a_slip(*one) for one in slips))
    street.post()
    lines = [(f"DEP {number}", rupees) for number, rupees in slips]
    assert send(reconciler, "HBL-CSV", bank_day(NEXT_DAY, 0, *lines)).status_code in (200, 202)


def a_slip(slip_no, rupees):
    fields = EMPTY | {
        "kind": "cash",
        "bank_account": "HBL-1",
        "slip_no": slip_no,
        "total_paisa": rupees * 100,
        "deposited_on": TODAY,
    }
    return a_put("deposit", derived_id("deposit", slip_no), **fields)


def statements_of(database, **options):
    with listening(database) as said:
        done = reconcile(database, "DEF", clock=lambda: NOW, **options)
    return done, len(said)


def test_a_page_takes_the_same_statements_whatever_it_holds(
    street, bank, reconciler, database, ibc
):
    street.collect(ibc.accounts[0], 20_000)
    street.turn_in(20_000)
    slips_and_lines(street, reconciler, 300)
    _, of_all = statements_of(database)

    with database.read() as connection:
        [seen] = fetch(connection, "SELECT COUNT(*) AS n FROM matches")
    assert seen.n == 300
    assert of_all <= STATEMENTS_MAX


def test_five_thousand_lines_meet_five_thousand_slips_in_time_that_grows_with_them(
    street, bank, reconciler, database, ibc
):
    street.collect(ibc.accounts[0], 90_000)
    street.turn_in(90_000)
    slips_and_lines(street, reconciler, 5_000)
    paces = []

    def pace(_looked_at):
        paces.append(process_time())

    done, statements = statements_of(database, tell=pace)

    assert (done.matched, done.ambiguous, done.unmatched) == (5_000, 0, 0)
    assert street.balance(1025) == 0
    assert statements <= 10 * STATEMENTS_MAX
    # The last page takes no longer than the first ones did: nothing is looked at twice.
    per_page = [later - earlier for earlier, later in pairwise(paces)]
    assert sum(per_page[-3:]) < 3 * sum(per_page[:3])
