"""Decisions about money over HTTP: on current books, once, by two people."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from infra.ids import new_id
from ledger.checks import verify
from sync.books import post
from sync.office import Put
from tests.building import NOW, a_collection, a_phone, office_write
from tests.integration.office.desk import a_key


@pytest.fixture
def maker(desk):
    return desk("cashier")


@pytest.fixture
def checker(desk):
    return desk("supervisor")


def propose(maker, kind, collection_id, to=None, key=None):
    body = {"kind": kind, "collection_id": collection_id, "reason": "as found at the counter"}
    return maker.post(
        "/decisions", body | ({"to_account_no": to} if to else {}), key=key or a_key()
    )


def settle(checker, decision, how="approve", version=None, key=None):
    path = f"/decisions/{decision.json['id']}/{how}"
    return checker.post(path, version=version or decision.json["version"], key=key or a_key())


def due(desk, account_no):
    position = desk("call_centre_118").get(f"/consumers/{account_no}/position").json
    return position["due_paisa"], position["advance_paisa"]


def cash(desk):
    [row] = desk("finance").get("/custody").json["items"]
    return row["cash_paisa"]


def counts(database):
    tables = ("mutations", "entries", "decisions", "postings")
    with database.read() as connection:
        return [
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() for table in tables
        ]


def test_unknown_money_is_identified_and_the_position_moves(
    books, ibc, desk, maker, checker, database
):
    proposed = propose(maker, "identify", books["unknown"], ibc.accounts[2])
    approved = settle(checker, proposed)

    assert (proposed.status_code, approved.status_code) == (201, 200)
    assert approved.json["state"] == "approved"
    assert approved.headers["ETag"] == '"2"'
    assert due(desk, ibc.accounts[2]) == (50_000, 0)
    [entry] = desk("finance").all(f"/entries?source_id={books['unknown']}&kind=identified")
    assert approved.json["entry_seqs"] == [entry["seq"]]
    assert desk("finance").all("/balances?code=2090")[0]["balance_paisa"] == 0
    [case] = maker.all("/exceptions?state=resolved&kind=UNKNOWN_ACCOUNT")
    assert case["resolution"] == "identify"
    with database.read() as connection:
        # The test's tables have no triggers (M2), and nobody printed the number 0 of its block (M10).
        found = [one for one in verify(connection, "DEF") if one.check not in ("M2", "M10")]
        assert found == []


def test_a_transfer_leaves_the_cash_where_it_is(books, ibc, desk, maker, checker):
    before = cash(desk)

    approved = settle(checker, propose(maker, "transfer", books["paid"], ibc.accounts[2]))

    assert approved.status_code == 200
    assert due(desk, ibc.accounts[0]) == (100_000, 0)
    assert due(desk, ibc.accounts[2]) == (50_000, 0)
    assert cash(desk) == before


@pytest.mark.parametrize("kind", ["void", "reverse"])
def test_a_receipt_that_never_happened_leaves_the_custody(kind, books, ibc, desk, maker, checker):
    approved = settle(checker, propose(maker, kind, books["paid"]))

    assert approved.status_code == 200
    assert due(desk, ibc.accounts[0]) == (100_000, 0)
    assert cash(desk) == 100_000


def test_a_rejected_decision_posts_nothing(books, ibc, desk, maker, checker):
    rejected = settle(checker, propose(maker, "void", books["paid"]), "reject")

    assert (rejected.json["state"], rejected.json["entry_seqs"]) == ("rejected", [])
    assert due(desk, ibc.accounts[0]) == (50_000, 0)


def test_an_officers_void_is_decided_at_the_office(books, ibc, database, desk, checker):
    phone = a_phone(database, ibc, name="8")
    asked = {"collection_id": books["paid"], "reason": "wrong amount typed"}
    phone.push(phone.put("receipt_void", asked))

    [proposal] = checker.all("/decisions?state=submitted")
    approved = checker.post(f"/decisions/{proposal['id']}/approve", version=1, key=a_key())

    assert approved.status_code == 200
    assert due(desk, ibc.accounts[0]) == (100_000, 0)


def test_a_decision_reads_what_the_worker_has_not_posted_yet(
    books, ibc, database, desk, maker, checker
):
    phone = a_phone(database, ibc, name="7")
    fresh = phone.put("collection", a_collection(ibc.accounts[2], "Q3-000070"))
    phone.push(fresh)

    approved = settle(checker, propose(maker, "void", fresh["record_id"]))

    assert approved.status_code == 200
    assert due(desk, ibc.accounts[2]) == (100_000, 0)


def test_the_maker_may_not_check(books, desk, database):
    supervisor = desk("supervisor")
    proposed = propose(supervisor, "void", books["paid"])
    before = counts(database)

    for how in ("approve", "reject"):
        refused = settle(supervisor, proposed, how)
        assert (refused.status_code, refused.json["type"]) == (403, "/problems/maker-is-checker")

    assert counts(database) == before


def test_a_repeat_of_the_key_gives_the_same_answer(books, maker, checker, database):
    key, other_key = a_key(), a_key()
    proposed = propose(maker, "void", books["paid"], key=key)
    again = propose(maker, "void", books["paid"], key=key)
    approved = settle(checker, proposed, key=other_key)
    before = counts(database)

    approved_again = settle(checker, proposed, key=other_key)
    proposed_again = propose(maker, "void", books["paid"], key=key)

    assert proposed.data == again.data == proposed_again.data
    assert (proposed_again.status_code, proposed_again.headers["ETag"]) == (201, '"1"')
    assert approved.data == approved_again.data
    assert counts(database) == before


def test_another_body_under_the_key_is_a_conflict(books, maker, checker, desk):
    key = a_key()
    proposed = propose(maker, "void", books["paid"], key=key)

    for again in (
        propose(maker, "reverse", books["paid"], key=key),
        propose(desk("reconciler"), "void", books["paid"], key=key),
        settle(checker, proposed, key=key),
        propose(maker, "void", books["more"], key=books["paid_mutation"]),
    ):
        assert (again.status_code, again.json["type"]) == (409, "/problems/key-reused")


@pytest.mark.parametrize("key", ["", "7", "0196A000-0000-7000-8000-000000000001", "'; --"])
def test_a_decision_needs_a_key(key, books, maker):
    body = {"kind": "void", "collection_id": books["paid"], "reason": "x"}

    answer = maker.post("/decisions", body, key=key)

    assert (answer.status_code, answer.json["type"]) == (400, "/problems/key-needed")


def test_a_check_needs_the_version_that_was_seen(books, maker, checker):
    proposed = propose(maker, "void", books["paid"])
    path = f"/decisions/{proposed.json['id']}/approve"

    missing = checker.post(path, key=a_key())
    stale = [settle(checker, proposed, version=version) for version in (2, 99, "x", "0")]

    assert (missing.status_code, missing.json["type"]) == (428, "/problems/precondition-required")
    assert {answer.status_code for answer in stale} == {412}


def test_the_etag_of_a_packed_answer_is_a_version_too(books, maker, checker):
    proposed = propose(maker, "void", books["paid"])

    assert settle(checker, proposed, version="1:zstd").status_code == 200


def test_of_two_approvals_at_once_one_stands(books, ibc, maker, desk, app, database):
    proposed = propose(maker, "void", books["paid"])
    checkers = [desk("supervisor"), desk("finance")]
    barrier = Barrier(2)

    def approve(checker):
        barrier.wait()
        path = f"/api/v1/ibcs/DEF/decisions/{proposed.json['id']}/approve"
        headers = {
            "Authorization": f"Bearer {checker.token}",
            "If-Match": '"1"',
            "Idempotency-Key": a_key(),
        }
        return app.test_client().post(path, headers=headers).status_code

    with ThreadPoolExecutor(2) as threads:
        answers = sorted(threads.map(approve, checkers))

    assert answers == [200, 412]
    assert len(desk("finance").all(f"/entries?source_id={books['paid']}&kind=reversed")) == 1


REFUSED = {
    "nobody's collection": ("void", "nothing", None, {"collection_id": "unknown_collection"}),
    "another IBC's collection": ("void", "theirs", None, {"collection_id": "unknown_collection"}),
    "to nobody": ("transfer", "paid", None, {"to_account_no": "required"}),
    "to a stranger": (
        "identify",
        "unknown",
        "0999999999999",
        {"to_account_no": "unknown_account"},
    ),
    "to another IBC": (
        "identify",
        "unknown",
        "0700000000001",
        {"to_account_no": "unknown_account"},
    ),
    "to the same": ("transfer", "paid", "0400000000001", {"to_account_no": "same_account"}),
    "known money": ("identify", "paid", "0400000000002", {"collection_id": "not_in_suspense"}),
    "unknown money": ("transfer", "unknown", "0400000000002", {"collection_id": "in_suspense"}),
    "a void to somebody": ("void", "paid", "0400000000002", {"to_account_no": "not_for_this_kind"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_decided_is_refused_by_name(case, books, two_ibcs, maker, database):
    kind, which, to, errors = REFUSED[case]
    with database.read() as connection:
        theirs = connection.exec_driver_sql(
            "SELECT id FROM collections WHERE ibc_id = 'CLF'"
        ).scalars()
        known = books | {"nothing": new_id(), "theirs": next(iter(theirs))}
    before = counts(database)

    answer = propose(maker, kind, known[which], to)

    assert (answer.status_code, answer.json["errors"]) == (422, errors)
    assert counts(database) == before


def test_what_was_undone_cannot_be_decided_again(books, maker, checker, database):
    first, second = (propose(maker, kind, books["paid"]) for kind in ("void", "reverse"))
    settle(checker, first)
    before = counts(database)

    late = settle(checker, second)
    third = propose(maker, "void", books["paid"])
    again = settle(checker, first, version=2)

    assert late.json["errors"] == third.json["errors"] == {"collection_id": "already_undone"}
    assert again.json["errors"] == {"state": "already_approved"}
    assert counts(database) == before


def test_a_decision_of_another_ibc_is_not_found(books, two_ibcs, desk, maker):
    proposed = propose(maker, "void", books["paid"])

    answer = settle(desk("supervisor", "CLF"), proposed)

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"kind": "steal", "collection_id": new_id(), "reason": "x"},
        {"kind": "void", "collection_id": new_id(), "reason": "x", "state": "approved"},
        {"kind": "void", "collection_id": new_id(), "reason": "\x00"},
        {"kind": "void", "collection_id": 7, "reason": "x"},
    ],
)
def test_a_proposal_says_what_it_must_and_nothing_else(body, ibc, maker):
    assert maker.post("/decisions", body, key=a_key()).status_code == 422


def test_books_too_far_behind_are_not_decided_on(books, maker, ibc, database, monkeypatch):
    monkeypatch.setattr("sync.money.DECISION_LAG_MAX", 1)
    for n in range(2):
        office_write(database, "DEF", Put("area", ibc.areas[0], {"name": f"Gizri {n}"}))

    answer = propose(maker, "void", books["paid"])

    assert (answer.status_code, answer.json["type"]) == (503, "/problems/books-behind")
    post(database, "DEF", NOW)
    assert propose(maker, "void", books["paid"]).status_code == 201
