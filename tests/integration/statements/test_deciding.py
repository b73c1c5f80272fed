"""People take, turn down, propose and end matches; what moves money has two of them, and the database one holder."""

import pytest

from ledger.checks import verify
from models.match import MatchStateWord
from sync import match_decisions
from sync.money import MakerIsChecker
from sync.reconciling import reconcile
from tests.building import NOW
from tests.integration.office.desk import a_key
from tests.integration.statements.sending import BANK_SOURCE, bank_day, save, send
from tests.integration.statements.street import Street


@pytest.fixture
def street(database, ibc, bank):
    """A slip of Rs 500 that left on the 8th."""
    street = Street(database, ibc)
    street.paid = street.collect(ibc.accounts[0], 1_500)
    street.turn_in(1_500)
    street.slip = street.deposit("7710001", 500)
    return street


@pytest.fixture
def finance(desk, ibc):
    return desk("finance")


def arrives(reconciler, database, *lines):
    send(reconciler, "HBL-CSV", bank_day(9, 0, *lines))
    return reconcile(database, "DEF", clock=lambda: NOW)


def suggested(reconciler):
    [suggestion] = reconciler.all("/suggestions")
    return suggestion


def open_line(reconciler):
    [line] = reconciler.all("/reconciliation/open?side=statement")
    return line


def propose(reconciler, line_id, *subjects, key=None):
    body = {"line_id": line_id, "subject_ids": list(subjects), "reason": "seen on the slip"}
    return reconciler.post("/matches", body, key=key or a_key())


def settle(person, match, how="approve", key=None):
    path = f"/matches/{match.json['id']}/{how}"
    return person.post(path, version=match.json["version"], key=key or a_key())


def holds(database):
    with database.read() as connection:
        return verify(connection, "DEF")


def test_a_suggestion_that_is_taken_is_in_the_books(street, reconciler, database):
    arrives(reconciler, database, ("CASH DEP", 500))
    suggestion, key = suggested(reconciler), a_key()
    assert (suggestion["rule"], suggestion["evidence"]) == (
        "amount_and_date",
        {"days": 1, "candidates": 1},
    )

    path = f"/suggestions/{suggestion['id']}/accept"
    taken, again = reconciler.post(path, key=key), reconciler.post(path, key=key)

    assert (taken.status_code, taken.json["state"]) == (200, "active")
    assert again.json == taken.json
    assert taken.json["checker_id"] == reconciler.staff_id
    assert (street.balance(1210), street.balance(1025)) == (500, 0)
    assert reconciler.all("/suggestions") == []
    assert holds(database) == []


def test_a_key_that_named_another_request_is_refused(street, reconciler, database):
    street.deposit("7710002", 300)
    arrives(reconciler, database, ("CASH DEP", 500), ("CASH DEP", 300))
    first, second = reconciler.all("/suggestions")
    key = a_key()
    decision = {"kind": "void", "collection_id": street.paid, "reason": "as found"}

    reconciler.post("/decisions", decision, key=key)
    of_a_decision = reconciler.post(f"/suggestions/{first['id']}/accept", key=key)
    key = a_key()
    reconciler.post(f"/suggestions/{first['id']}/accept", key=key)
    of_another = reconciler.post(f"/suggestions/{second['id']}/accept", key=key)

    assert [answer.status_code for answer in (of_a_decision, of_another)] == [409, 409]
    assert of_another.json["type"] == "/problems/key-reused"
    assert len(reconciler.all("/matches")) == 1


def test_what_is_turned_down_is_not_suggested_again(street, reconciler, database):
    arrives(reconciler, database, ("CASH DEP", 500))
    suggestion = suggested(reconciler)

    answer = reconciler.post(f"/suggestions/{suggestion['id']}/reject")
    reconcile(database, "DEF", clock=lambda: NOW)

    assert (answer.json["state"], answer.json["decided_by"]) == ("rejected", reconciler.staff_id)
    assert reconciler.all("/suggestions") == []
    assert open_line(reconciler)["exception_kind"] == "UNMATCHED_BANK"
    assert street.balance(1210) == 0


def test_a_short_slip_is_suggested_and_needs_a_second_person(street, reconciler, finance, database):
    save(reconciler, BANK_SOURCE | {"tolerance_paisa": 2_000})
    arrives(reconciler, database, ("DEP 7710001", 490))
    suggestion = suggested(reconciler)
    assert (suggestion["rule"], suggestion["difference_paisa"]) == ("difference", 1_000)

    proposed = reconciler.post(f"/suggestions/{suggestion['id']}/accept", key=a_key())
    waits = street.balance(1210)
    approved = settle(finance, proposed)

    assert (proposed.json["state"], waits) == ("proposed", 0)
    assert approved.json["state"] == "active"
    assert (street.balance(1210), street.balance(1070), street.balance(1025)) == (490, 10, 0)
    assert [one["kind"] for one in reconciler.all("/exceptions")] == ["DEPOSIT_SHORT"]
    assert holds(database) == []


def test_a_match_by_hand_stands_when_another_approves_it(street, reconciler, finance, database):
    arrives(reconciler, database, ("SOMETHING ELSE", 500))
    [suggestion] = reconciler.all("/suggestions")
    reconciler.post(f"/suggestions/{suggestion['id']}/reject")
    line, key = open_line(reconciler), a_key()

    proposed = propose(reconciler, line["id"], street.slip, key=key)
    again = propose(reconciler, line["id"], street.slip, key=key)
    approved = settle(finance, proposed)

    assert (proposed.status_code, proposed.json["rule"]) == (201, "by_hand")
    assert again.json["id"] == proposed.json["id"]
    assert (approved.json["state"], approved.json["checker_id"]) == ("active", finance.staff_id)
    assert street.balance(1210) == 500
    assert reconciler.all("/exceptions") == []


def test_who_proposes_does_not_approve(street, desk, reconciler, database):
    arrives(reconciler, database, ("DEP 7710001", 480))
    proposed = propose(reconciler, open_line(reconciler)["id"], street.slip)

    alone = settle(reconciler, proposed)

    assert (alone.status_code, alone.json["type"]) == (403, "/problems/forbidden")
    assert street.balance(1210) == 0


def test_nobody_checks_his_own_proposal_whatever_his_roles(street, reconciler, database):
    arrives(reconciler, database, ("DEP 7710001", 480))
    proposed = propose(reconciler, open_line(reconciler)["id"], street.slip)
    own = {
        "key": a_key(),
        "author_id": reconciler.staff_id,
        "match_id": proposed.json["id"],
        "version": 1,
        "state": MatchStateWord.ACTIVE,
        "now": NOW,
    }

    with pytest.raises(MakerIsChecker):
        database.transact(lambda connection: match_decisions.settle(connection, "DEF", **own))

    assert street.balance(1210) == 0


def test_a_proposal_holds_both_sides_until_it_is_rejected(street, reconciler, finance, database):
    arrives(reconciler, database, ("DEP 7710001", 480))
    line = open_line(reconciler)
    first = propose(reconciler, line["id"], street.slip)

    second = propose(reconciler, line["id"], street.slip)
    settle(finance, first, "reject")
    third = propose(reconciler, line["id"], street.slip)

    assert (second.status_code, second.json["type"]) == (409, "/problems/taken")
    assert third.status_code == 201
    assert street.balance(1210) == 0


@pytest.mark.parametrize(
    ("rupees", "subjects", "error"),
    [
        (500, lambda street: [street.slip, street.slip], "named_twice"),
        (500, lambda street: [street.ibc.stops[0]], "not_open"),
        (900, lambda street: [street.slip, street.deposit("7710002", 300)], "sums_differ"),
        (-500, lambda street: [street.slip], "money_went_out"),
    ],
)
def test_a_match_that_cannot_be_is_refused_by_name(
    rupees, subjects, error, street, reconciler, database
):
    chosen = subjects(street)
    arrives(reconciler, database, ("SOMETHING", rupees))

    answer = propose(reconciler, open_line(reconciler)["id"], *chosen)

    assert (answer.status_code, answer.json["errors"]) == (422, {"subject_ids": error})


def test_the_end_of_a_match_is_a_new_row_by_two_people_and_no_rule_makes_it_again(
    street, reconciler, finance, database
):
    arrives(reconciler, database, ("DEP 7710001", 500))
    [match] = reconciler.all("/matches")
    before = street.balance(1210)

    proposed = reconciler.post(
        f"/matches/{match['id']}/undo", {"reason": "other slip"}, key=a_key()
    )
    waits = street.balance(1210)
    ended = settle(finance, proposed)
    reconcile(database, "DEF", clock=lambda: NOW)

    assert (before, waits, street.balance(1210), street.balance(1025)) == (500, 500, 0, 500)
    assert (ended.json["kind"], ended.json["undoes_id"]) == ("undo", match["id"])
    first, undo = reconciler.all("/matches")
    assert (first["state"], first["undone_by"]) == ("active", undo["id"])
    assert suggested(reconciler)["rule"] == "slip_no"
    assert holds(database) == []


def test_a_cheque_that_was_cleared_by_mistake_is_uncleared_to_the_rupee(
    street, reconciler, finance, database, ibc
):
    cheque = street.cheque(ibc.accounts[1], 700, "222222")
    street.turn_in(0, cheque)
    street.deposit("7710009", 700, cheque)
    before = street.balances()
    arrives(reconciler, database, ("CLG 7710009", 700))
    [match] = reconciler.all("/matches")

    settle(
        finance,
        reconciler.post(f"/matches/{match['id']}/undo", {"reason": "not ours"}, key=a_key()),
    )

    assert street.balances() == before
    assert holds(database) == []


def test_a_match_ends_once(street, reconciler, finance, database):
    arrives(reconciler, database, ("DEP 7710001", 500))
    [match] = reconciler.all("/matches")
    path = f"/matches/{match['id']}/undo"
    settle(finance, reconciler.post(path, {"reason": "other slip"}, key=a_key()))

    again = reconciler.post(path, {"reason": "other slip"}, key=a_key())

    assert (again.status_code, again.json["errors"]) == (422, {"state": "already_undone"})


def test_the_summary_says_what_is_matched_suggested_and_open(street, reconciler, database):
    street.deposit("7710002", 300)
    arrives(reconciler, database, ("DEP 7710001", 500), ("CASH DEP", 300), ("WHO KNOWS", 77))

    told = reconciler.get("/reconciliation").json

    assert {name: (one["lines"], one["paisa"]) for name, one in told.items() if one["lines"]} == {
        "matched_by_rule": (1, 50_000),
        "suggested": (1, 30_000),
        "unmatched": (1, 7_700),
        "open_slips": (1, 30_000),
    }
    open_rows = reconciler.all("/reconciliation/open", limit=1)
    told = {(row["name"], row["exception_kind"], row["suggestions"]) for row in open_rows}
    assert told == {
        ("7710002", None, 0),
        ("CASH DEP", None, 1),
        ("WHO KNOWS", "UNMATCHED_BANK", 0),
    }


@pytest.mark.parametrize(
    "fault",
    [
        "UPDATE match_claims SET amount_paisa = amount_paisa - 1 WHERE side = 'book'",
        "UPDATE matches SET difference_paisa = 5",
        "UPDATE match_claims SET undone_by = match_id WHERE side = 'statement'",
        "UPDATE statement_lines SET match_id = NULL",
    ],
)
def test_a_match_that_does_not_add_up_is_found(fault, street, reconciler, database):
    arrives(reconciler, database, ("DEP 7710001", 500))
    assert holds(database) == []

    with database.write() as connection:
        connection.exec_driver_sql(fault)

    assert {finding.check for finding in holds(database)} == {"M12"}
