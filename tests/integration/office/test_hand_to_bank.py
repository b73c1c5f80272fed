"""From hand to bank over HTTP: counted by two, brought, cleared, adjusted; each step by another person."""

import pytest

from ledger.checks import verify
from sync.books import post
from sync.custody_reading import level
from tests.building import NOW, a_bill, a_collection, a_phone, office_write
from tests.integration.office.desk import a_key

DAY = "2026-04-08"
BANK = "HBL-0042"
NOBODY = "0900000000009"
PHOTO = "ab" * 32


@pytest.fixture
def cashier(desk):
    return desk("cashier")


@pytest.fixture
def reconciler(desk):
    return desk("reconciler")


@pytest.fixture
def phone(database, ibc):
    return a_phone(database, ibc)


def notes(**pieces):
    return {name.removeprefix("rs"): count for name, count in pieces.items()}


def count_of(phone, cheques=(), purpose="closing", **pieces):
    fields = {"session_date": DAY, "purpose": purpose, "denominations": notes(**pieces)}
    return phone.put("cash_count", fields | ({"cheque_ids": list(cheques)} if cheques else {}))


def good(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json


def send(who, path, body=None, version=None, status=201):
    return good(who.post(path, body, key=a_key(), version=version), status)


def accept(who, handover, cheques=(), **pieces):
    body = {"counted": notes(**pieces)} | ({"cheque_ids": list(cheques)} if cheques else {})
    return who.post(
        f"/handovers/{handover['id']}/accept", body, key=a_key(), version=handover["version"]
    )


def balances(desk):
    rows = desk("finance").all("/balances")
    found = {(row["account_code"], row["account_of"]): row["balance_paisa"] for row in rows}
    return {key: paisa // 100 for key, paisa in found.items() if paisa}


def clean(database):
    """Every check but M2 and M10: the tests have no triggers, and blocks whose number 0 nobody printed."""
    with database.read() as connection:
        return [one for one in verify(connection, "DEF") if one.check not in ("M2", "M10")]


def worked_day(ibc, database, phone):
    """Domain manual §6.7: five bills and five tenders."""
    a, b, c, d, e = ibc.accounts[:5]
    bills = zip((a, b, c, d, e), (2500, 3200, 6500, 1500, 1000), strict=True)
    office_write(
        database,
        "DEF",
        *(a_bill(one, f"INV-{one[-1]}", current_paisa=rs * 100) for one, rs in bills),
    )
    cheque = {"tender": "cheque", "bank": "HBL", "instrument_no": "881", "instrument_date": DAY}
    claim = {"tender": "wallet", "wallet_provider": "jazzcash", "wallet_txn_id": "T1"}
    rows = {
        "a": phone.put("collection", a_collection(a, "Q3-000001", amount_paisa=250_000)),
        "b": phone.put("collection", a_collection(b, "Q3-000002", amount_paisa=400_000)),
        "unknown": phone.put("collection", a_collection(NOBODY, "Q3-000003", amount_paisa=100_000)),
        "cheque": phone.put(
            "collection", a_collection(c, "Q3-000004", amount_paisa=650_000, **cheque)
        ),
        "claim": phone.put(
            "collection", a_collection(d, "Q3-000005", amount_paisa=150_000, **claim)
        ),
    }
    phone.push(*rows.values())
    return {name: row["record_id"] for name, row in rows.items()}


def test_the_worked_day_from_the_doors_to_the_bank(ibc, database, desk, phone, cashier, reconciler):
    _a, b, c, d, e = ibc.accounts[:5]
    session = f"{phone.officer_id}/{DAY}"
    taken = worked_day(ibc, database, phone)
    phone.push(count_of(phone, [taken["cheque"]], rs5000=1, rs1000=2, rs100=5))

    [offered] = cashier.all("/handovers?state=offered")
    handed = good(accept(cashier, offered, [taken["cheque"]], rs5000=1, rs1000=2, rs100=4))
    cash_slip = send(
        cashier,
        "/deposits",
        {
            "kind": "cash",
            "bank_account": BANK,
            "slip_no": "S-1",
            "total_paisa": 740_000,
            "denominations": notes(rs5000=1, rs1000=2, rs100=4),
            "deposited_on": DAY,
        },
    )
    cheque_slip = send(
        cashier,
        "/deposits",
        {
            "kind": "cheque",
            "bank_account": BANK,
            "slip_no": "S-2",
            "total_paisa": 650_000,
            "cheque_ids": [taken["cheque"]],
            "deposited_on": DAY,
        },
    )
    for slip in (cash_slip, cheque_slip):
        photo = {"photo_sha256": PHOTO}
        send(cashier, f"/deposits/{slip['id']}/at-bank", photo, version=1, status=200)

    assert (handed["short_paisa"], handed["over_paisa"]) == (10_000, 0)
    assert balances(desk) == {
        (1025, cash_slip["id"]): 7400,
        (1040, cheque_slip["id"]): 6500,
        (1050, "jazzcash"): 1500,
        (1060, session): 100,
        (1100, c): 6500,
        (1100, d): 1500,
        (1100, e): 1000,
        (2010, b): 800,
        (2090, taken["unknown"]): 1000,
        (2110, c): 6500,
        (2110, d): 1500,
        (2900, ""): 14700,
    }

    next_day = {"value_on": "2026-04-09", "bank_account": BANK}
    banked = {"outcome": "banked", "deposit_id": cash_slip["id"], "amount_paisa": 740_000}
    returned = {"outcome": "returned", "collection_id": taken["cheque"]}
    confirmed = {"outcome": "confirmed", "collection_id": taken["claim"], "fee_paisa": 1500}
    for outcome in (banked, returned, confirmed):
        send(reconciler, "/clearings", next_day | outcome)
    identify(desk, taken["unknown"], e)
    recovery = {"kind": "shortage_recovered", "account_of": session, "amount_paisa": 10_000}
    adjust(cashier, desk("supervisor"), recovery | {"paid_by": "cash"})

    assert balances(desk) == {
        (1020, "ibc"): 100,
        (1100, c): 6500,
        (1210, BANK): 8885,
        (2010, b): 800,
        (2900, ""): 14700,
        (5020, ""): 15,
    }
    [instrument] = cashier.all("/instruments?state=returned")
    assert (instrument["id"], instrument["deposit_id"]) == (taken["cheque"], cheque_slip["id"])
    assert cashier.all("/deposits?state=matched")[0]["id"] == cash_slip["id"]
    assert clean(database) == []


def identify(desk, collection_id, to):
    asked = {"kind": "identify", "collection_id": collection_id, "to_account_no": to}
    made = send(desk("cashier"), "/decisions", asked | {"reason": "the payer called"})
    send(desk("supervisor"), f"/decisions/{made['id']}/approve", version=1, status=200)


def adjust(maker, *checkers_and_asked):
    *checkers, asked = checkers_and_asked
    made = send(maker, "/adjustments", {"reason": "as found", **asked})
    for version, checker in enumerate(checkers, start=1):
        send(checker, f"/adjustments/{made['id']}/approve", version=version, status=200)
    return made


def test_nobody_at_the_office_sees_what_is_expected_before_the_second_count(
    ibc, database, phone, cashier
):
    worked_day(ibc, database, phone)
    phone.push(count_of(phone, rs500=2))

    [offered] = cashier.all("/handovers?state=offered")

    assert (offered["offered"], offered["counted_paisa"]) == (None, None)
    assert cashier.get("/custody").status_code == 403
    assert cashier.get("/custody/sessions").status_code == 403
    assert cashier.get("/balances").status_code == 403


def test_a_late_receipt_closes_the_overage_by_itself(ibc, database, desk, phone, cashier):
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")))
    late = phone.put("collection", a_collection(ibc.accounts[1], "Q3-000002"))
    counted = count_of(phone, rs1000=1)
    phone.push(counted)
    [offered] = cashier.all("/handovers?state=offered")

    taken = good(accept(cashier, offered, rs1000=1))
    [case] = desk("supervisor").all("/exceptions?kind=HANDOVER_OVER")
    phone.push(late)
    post(database, "DEF", NOW)

    assert (taken["over_paisa"], taken["provisional"]) == (50_000, True)
    assert case["amount_paisa"] == 50_000
    assert balances(desk).get((2080, f"{phone.officer_id}/{DAY}")) is None
    assert desk("supervisor").all("/exceptions?kind=HANDOVER_OVER") == []
    assert clean(database) == []


def test_cash_whose_count_is_still_on_the_phone_is_taken_provisionally(
    ibc, database, desk, phone, cashier
):
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")))
    body = {"officer_id": phone.officer_id, "session_date": DAY, "purpose": "closing"}

    taken = send(cashier, "/handovers", body | {"counted": notes(rs500=1)})
    [case] = desk("supervisor").all("/exceptions?kind=HANDOVER_BEFORE_SYNC")
    phone.push(count_of(phone, rs500=1))

    assert taken["provisional"] is True
    assert case["subject_id"] == taken["id"]
    assert desk("supervisor").all("/exceptions?kind=HANDOVER_BEFORE_SYNC") == []
    assert cashier.all("/handovers?state=offered") == []


def test_the_officer_answers_a_count_that_differs_from_his_own(ibc, database, desk, phone, cashier):
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")))
    phone.push(count_of(phone, rs500=1))
    [offered] = cashier.all("/handovers?state=offered")
    good(accept(cashier, offered, rs100=4))
    phone.pull_all()
    handover = phone.see("handover", offered["id"])

    disputed = phone.put(
        "handover",
        {"state": "disputed"},
        record_id=offered["id"],
        base_version=handover["version"],
    )
    outcome = phone.push_one(disputed)
    [session] = desk("supervisor").all("/custody/sessions")

    assert handover["counted_paisa"] == 40_000
    assert outcome.outcome == "applied"
    assert (session["state"], session["shortage_paisa"]) == ("disputed", 10_000)
    settled = {"reason": "counted again together"}
    path = f"/handovers/{offered['id']}/settle"
    send(desk("supervisor"), path, settled, version=outcome.version, status=200)
    assert desk("supervisor").all("/custody/sessions")[0]["state"] == "agreed"


def test_a_turn_in_leaves_the_session_open_and_a_new_count_replaces_an_open_offer(
    ibc, database, desk, phone, cashier
):
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")))
    phone.push(count_of(phone, purpose="turn_in", rs100=1))
    phone.push(count_of(phone, purpose="turn_in", rs100=3))

    [offered] = cashier.all("/handovers?state=offered")
    good(accept(cashier, offered, rs100=3))

    [session] = desk("supervisor").all("/custody/sessions")
    assert (session["state"], session["cash_paisa"]) == ("open", 20_000)
    assert len(cashier.all("/handovers?state=withdrawn")) == 1


def test_the_same_acceptance_again_is_the_same_and_another_is_refused(
    ibc, database, phone, cashier
):
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")))
    phone.push(count_of(phone, rs500=1))
    [offered] = cashier.all("/handovers?state=offered")
    body, key, path = {"counted": notes(rs500=1)}, a_key(), f"/handovers/{offered['id']}/accept"

    first = cashier.post(path, body, key=key, version=offered["version"])
    again = cashier.post(path, body, key=key, version=offered["version"])
    other = cashier.post(path, {"counted": notes(rs500=2)}, key=key, version=offered["version"])

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert first.json == again.json


def test_a_tellers_drawer_has_a_float_its_own_receipts_and_a_blind_close(
    ibc, database, desk, phone, cashier
):
    taken = worked_day(ibc, database, phone)
    phone.push(count_of(phone, rs500=15))
    good(accept(cashier, cashier.all("/handovers?state=offered")[0], rs500=15))
    teller, colleague = desk("cashier", name="2"), cashier
    drawer = send(teller, "/custody/drawers", {"opening_paisa": 200_000})
    [own] = [
        one for one in desk("supervisor").all("/custody/sessions") if one["id"] == drawer["id"]
    ]
    receipt = {
        "receipt_no": f"{own['receipt_prefix']}-000001",
        "account_no": ibc.accounts[4],
        "tender": "cash",
        "amount_paisa": 100_000,
    }

    send(teller, "/custody/receipts", receipt)
    foreign = teller.post("/custody/receipts", receipt | {"receipt_no": "Q3-000077"}, key=a_key())
    offer = {"session_date": DAY, "purpose": "closing", "counted": notes(rs1000=3)}
    offered = send(teller, "/handovers/offer", offer)
    by_himself = accept(teller, offered, rs1000=3)
    closed = good(accept(colleague, offered, rs1000=3))

    assert taken
    assert foreign.json["errors"] == {"receipt_no": "not_of_this_drawer"}
    assert by_himself.json["type"] == "/problems/same-person"
    assert (closed["short_paisa"], closed["over_paisa"]) == (0, 0)
    assert balances(desk)[(1020, "ibc")] == 7500 + 1000
    assert clean(database) == []


def test_a_surprise_count_is_an_event_and_changes_nothing(ibc, database, desk, phone):
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")))
    post(database, "DEF", NOW)
    [session] = desk("supervisor").all("/custody/sessions")
    before = balances(desk)

    path = f"/custody/sessions/{session['id']}/surprise-counts"
    counted = send(desk("supervisor"), path, {"counted": notes(rs100=4)})

    assert (counted["books_paisa"], counted["difference_paisa"]) == (50_000, -10_000)
    assert balances(desk) == before


@pytest.mark.parametrize(("cash", "said"), [(79, "ok"), (80, "warn"), (100, "warn"), (101, "over")])
def test_the_ceiling_warns_from_eighty_percent(cash, said):
    assert level(cash, 100) == said


def test_a_pocket_that_is_too_full_is_flagged_until_it_is_turned_in(
    ibc, database, desk, phone, cashier
):
    supervisor = desk("supervisor")
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")))
    post(database, "DEF", NOW)
    [session] = supervisor.all("/custody/sessions")
    path = f"/custody/sessions/{session['id']}/ceiling"
    good(supervisor.post(path, {"ceiling_paisa": 60_000}, version=session["version"]))

    phone.push(phone.put("collection", a_collection(ibc.accounts[1], "Q3-000002")))
    post(database, "DEF", NOW)
    [breach] = supervisor.all("/exceptions?kind=CUSTODY_LIMIT_BREACH")
    phone.push(count_of(phone, purpose="turn_in", rs500=1))
    good(accept(cashier, cashier.all("/handovers?state=offered")[0], rs500=1))

    assert (breach["subject_id"], breach["amount_paisa"]) == (phone.officer_id, 100_000)
    assert supervisor.all("/exceptions?kind=CUSTODY_LIMIT_BREACH") == []


def test_a_bounced_cheque_is_presented_once_more_and_an_outcome_can_be_undone(
    ibc, database, desk, phone, cashier, reconciler
):
    taken = worked_day(ibc, database, phone)
    cheque = taken["cheque"]
    phone.push(count_of(phone, [cheque], rs500=15))
    good(accept(cashier, cashier.all("/handovers?state=offered")[0], [cheque], rs500=15))
    slip = send(
        cashier,
        "/deposits",
        {
            "kind": "cheque",
            "bank_account": BANK,
            "slip_no": "S-2",
            "total_paisa": 650_000,
            "cheque_ids": [cheque],
            "deposited_on": DAY,
        },
    )
    photo = {"photo_sha256": PHOTO}
    send(cashier, f"/deposits/{slip['id']}/at-bank", photo, version=1, status=200)
    said = {"collection_id": cheque, "bank_account": BANK, "value_on": DAY}

    def say(outcome, **more):
        return reconciler.post("/clearings", said | {"outcome": outcome} | more, key=a_key())

    assert [say(word).status_code for word in ("returned", "re_presented", "returned")] == [201] * 3
    assert say("re_presented").json["errors"] == {"collection_id": "presented_twice"}
    assert balances(desk)[(1100, ibc.accounts[2])] == 6500
    [last] = [
        entry for entry in desk("finance").all(f"/entries?source_id={cheque}") if entry["memo"]
    ][-1:]
    undone = say("undone", undoes_id=last["memo"], collection_id=None)
    cleared = say("cleared")

    assert (undone.status_code, cleared.status_code) == (201, 201)
    assert balances(desk)[(1210, BANK)] == 6500
    assert (1100, ibc.accounts[2]) not in balances(desk)
    assert clean(database) == []
