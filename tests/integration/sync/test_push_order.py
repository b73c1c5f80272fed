"""Repeats, reuse, gaps, forks and things that come before what they point to."""

import pytest

from infra.ids import derived_id
from infra.limits import MUTATIONS_MAX
from infra.strict_json import NotStrictJson, canonical
from sync.effects import EFFECTS
from sync.intake import TooManyMutations, Unreadable, read_exchange
from sync.parcel import Carried
from tests.building import (
    NOW,
    a_collection,
    a_notice,
    a_visit,
    an_issue,
    office_write,
    words,
)
from tests.integration.sync.looking import count, everything, one, rows


def a_void(collection):
    return {"collection_id": collection["record_id"], "reason": "wrong house"}


def money(phone, ibc, serial=1, **fields):
    return phone.put("collection", a_collection(ibc.accounts[0], f"Q3-{serial:06d}", **fields))


# Limits of a request


def test_a_batch_of_501_is_refused_with_the_name_of_the_limit():
    raw = canonical({"mutations": [None] * (MUTATIONS_MAX + 1)})

    with pytest.raises(TooManyMutations, match="501 mutations; MUTATIONS_MAX = 500"):
        read_exchange(raw, NOW)


def test_a_batch_of_500_is_taken(phone, ibc):
    batch = [phone.put("visit", a_visit(ibc.accounts[0])) for _ in range(MUTATIONS_MAX)]

    read = read_exchange(canonical({"mutations": batch}), NOW)

    assert not any(mutation.errors for mutation in read.mutations)


@pytest.mark.parametrize("raw", [b"[]", b"null", b'{"mutations":{}}', b'{"x":1}', b'{"limit":0}'])
def test_an_envelope_that_cannot_be_read_is_refused_whole(raw):
    with pytest.raises(Unreadable):
        read_exchange(raw, NOW)


def test_a_doubtful_row_in_a_deep_request_is_refused_by_the_rule_of_nesting():
    raw = b'{"mutations":[' + b"[" * 30 + b"]" * 30 + b"]}"

    with pytest.raises(NotStrictJson, match="NESTING_MAX"):
        read_exchange(raw, NOW)


def test_only_the_first_mutation_of_a_request_carries_prev(phone, ibc):
    batch = [phone.put("visit", a_visit(ibc.accounts[0])) for _ in range(5)]
    for row in batch[1:]:
        del row["prev"]

    pushed = phone.push(*batch)

    assert words(pushed.outcomes) == ["applied"] * 5
    assert one(phone.database, "SELECT last_hash FROM device_chains") == phone.prev


# Repeats


def test_a_repeated_batch_gets_the_recorded_outcomes_and_changes_nothing(database, phone, ibc):
    batch = [
        money(phone, ibc, 1),
        money(phone, ibc, 1),
        money(phone, ibc, 2, tender="gold"),
        phone.put("visit", {"account_no": ibc.accounts[0], "outcome": "eaten"}),
        phone.put("receipt_void", {"collection_id": derived_id("nowhere"), "reason": "x"}),
        phone.put("meter_issue", an_issue(ibc.accounts[0])),
    ]
    first = phone.push(*batch)
    before = everything(database, without=("device_chains",))

    again = phone.push(*batch)

    assert [o._replace(replayed=True) for o in first.outcomes] == list(again.outcomes)
    assert everything(database, without=("device_chains",)) == before
    assert again.logged == 0


def test_the_same_id_twice_in_one_batch_with_the_same_bytes_is_a_repeat(database, phone, ibc):
    first, row = money(phone, ibc, 1), money(phone, ibc, 2)

    pushed = phone.push(first, row, row)

    assert words(pushed.outcomes) == ["applied"] * 3
    assert [o.replayed for o in pushed.outcomes] == [False, False, True]
    assert count(database, "collections") == 2


def test_the_same_id_twice_in_one_batch_with_other_bytes_is_held(database, phone, ibc):
    row = money(phone, ibc)
    other = row | {"fields": row["fields"] | {"amount_paisa": 900_00}}

    pushed = phone.push(row, other)

    assert words(pushed.outcomes) == ["applied", "held ID_REUSED"]
    assert one(database, "SELECT amount_paisa FROM collections") == 500_00


def test_the_same_id_with_other_bytes_is_held_once_for_each_body(database, phone, ibc):
    row = money(phone, ibc)
    bodies = [row | {"fields": row["fields"] | {"amount_paisa": n * 100}} for n in (7, 8)]
    phone.push(row)

    first = [phone.push_one(body) for body in bodies]
    again = [phone.push_one(body) for body in bodies]

    assert words(first) == words(again) == ["held ID_REUSED"] * 2
    assert [o.replayed for o in again] == [True, True]
    assert count(database, "exceptions") == 2


def test_the_same_id_from_two_phones_belongs_to_the_first(database, phone, colleague, ibc):
    row = money(phone, ibc)
    phone.push(row)

    theirs = colleague.put("collection", a_collection(ibc.accounts[1], "Q4-000001"), id=row["id"])
    outcome = colleague.push_one(theirs)

    assert words([outcome]) == ["held ID_REUSED"]
    assert outcome.version is None
    assert one(database, "SELECT account_no FROM collections") == ibc.accounts[0]


def test_a_record_sent_again_under_a_new_id_is_applied_without_effect(database, phone, ibc):
    row = money(phone, ibc)
    phone.push(row)

    same = phone.put("collection", row["fields"], record_id=row["record_id"])
    other = phone.put(
        "collection", row["fields"] | {"amount_paisa": 900_00}, record_id=row["record_id"]
    )
    pushed = phone.push(same, other)

    assert words(pushed.outcomes) == ["applied", "held RECORD_REUSED"]
    assert one(database, "SELECT version, amount_paisa FROM collections") == (1, 500_00)


def test_a_record_id_of_another_officer_is_held_and_stays_theirs(database, phone, colleague, ibc):
    row = money(phone, ibc)
    phone.push(row)

    theirs = colleague.put(
        "collection", a_collection(ibc.accounts[1], "Q4-000001"), record_id=row["record_id"]
    )
    outcome = colleague.push_one(theirs)

    assert words([outcome]) == ["held RECORD_REUSED"]
    assert one(database, "SELECT officer_id FROM collections") == phone.officer_id


# The chain


def test_a_gap_holds_nothing_and_is_named_until_it_is_filled(phone, ibc):
    one_, two, three, four = (money(phone, ibc, n) for n in range(1, 5))

    gapped = phone.push(one_, four)
    filled = phone.push(two, three)

    assert words([*gapped.outcomes, *filled.outcomes]) == ["applied"] * 4
    assert gapped.missing == [2, 3]
    assert filled.missing == []


def test_a_batch_in_reverse_order_loses_nothing(database, phone, ibc):
    batch = [money(phone, ibc, n) for n in range(1, 31)]

    pushed = phone.push(*reversed(batch))

    assert words(pushed.outcomes) == ["applied"] * 30
    assert pushed.missing == []
    assert count(database, "collections") == 30


def test_a_wrong_prev_holds_that_mutation_only(phone, ibc):
    first = money(phone, ibc, 1)
    second = money(phone, ibc, 2) | {"prev": "0" * 64}
    third = money(phone, ibc, 3)
    del third["prev"]

    pushed = phone.push(first, second, third)

    assert words(pushed.outcomes) == ["applied", "held CHAIN_BROKEN", "applied"]


def test_a_fork_holds_the_later_branch(database, phone, ibc):
    first, second = money(phone, ibc, 1), money(phone, ibc, 2)
    phone.push(first, second)
    phone.seq -= 1  # the phone was cloned before it wrote its second

    fork = money(phone, ibc, 3)
    outcome = phone.push_one(fork)

    assert words([outcome]) == ["held FORK"]
    assert count(database, "collections") == 2


def test_a_mutation_that_cannot_be_read_leaves_no_gap(phone, ibc):
    bad = phone.put("visit", {"account_no": 5})

    pushed = phone.push(bad, money(phone, ibc))

    assert words(pushed.outcomes) == ["rejected", "applied"]
    assert pushed.missing == []


@pytest.mark.parametrize(
    ("carried", "code"),
    [(Carried(trusted=False), "DEVICE_UNTRUSTED"), (Carried(signed=False), "SIGNATURE_BAD")],
)
def test_what_an_untrusted_phone_hands_in_is_stored_and_held(database, phone, ibc, carried, code):
    known = money(phone, ibc, 1)
    phone.push(known)
    batch = [
        money(phone, ibc, 2),
        money(phone, ibc, 3, tender="gold"),
        phone.put("visit", a_visit(ibc.accounts[0])),
        phone.put("stop", {"state": "visited"}, record_id=ibc.stops[0], base_version=1),
        phone.put("meter_issue", an_issue(ibc.accounts[0])),
        phone.put("receipt_void", a_void(known)),
    ]

    pushed = phone.push(known, *batch, carried=carried)

    assert pushed.outcomes[0].replayed
    assert words(pushed.outcomes) == ["applied"] + [f"held {code}"] * 6
    assert count(database, "visits") == 0
    assert count(database, "collections") == 1
    amounts = rows(database, "SELECT amount_paisa FROM exceptions WHERE amount_paisa IS NOT NULL")
    assert amounts == [(500_00,)] * 2


# What comes before what it points to


def test_a_void_before_its_collection_waits_and_is_released_with_a_verdict(database, phone, ibc):
    taken = money(phone, ibc)
    void = phone.put("receipt_void", a_void(taken))

    waiting = phone.push_one(void)
    held_back = count(database, "receipt_voids")
    phone.push(taken)
    phone.pull_all()

    assert words([waiting]) == ["waiting PARENT_MISSING"]
    assert (held_back, count(database, "receipt_voids")) == (0, 1)
    assert count(database, "waiting") == 0
    (verdict_id,) = phone.has("verdict")
    verdict = phone.see("verdict", verdict_id)
    assert (verdict["mutation_id"], verdict["verdict"]) == (void["id"], "released")
    assert one(database, "SELECT kind, state FROM decisions") == ("void", "submitted")


def test_the_recorded_outcome_of_what_waited_does_not_change(phone, ibc):
    taken = money(phone, ibc)
    void = phone.put("receipt_void", a_void(taken))
    phone.push(void)
    phone.push(taken)

    again = phone.push_one(void)

    assert words([again]) == ["waiting PARENT_MISSING"]
    assert again.replayed


def test_a_void_after_its_collection_in_one_batch_is_applied(phone, ibc):
    taken = money(phone, ibc)
    void = phone.put("receipt_void", a_void(taken))

    pushed = phone.push(taken, void)

    assert words(pushed.outcomes) == ["applied", "applied"]


def test_a_void_before_its_collection_in_one_batch_waits_and_is_released(database, phone, ibc):
    taken = money(phone, ibc)
    void = phone.put("receipt_void", a_void(taken))

    pushed = phone.push(void, taken)

    assert words(pushed.outcomes) == ["waiting PARENT_MISSING", "applied"]
    assert count(database, "receipt_voids") == 1
    assert count(database, "waiting") == 0
    assert count(database, "verdicts") == 1


def test_what_waited_is_released_in_the_order_in_which_it_came(database, phone, ibc):
    taken = money(phone, ibc)
    voids = [phone.put("receipt_void", a_void(taken)) for _ in range(3)]
    for void in voids:
        phone.push(void)

    phone.push(taken)

    released = rows(database, "SELECT of_id FROM mutations WHERE op = 'release' ORDER BY seq")
    assert [row.of_id for row in released] == [void["id"] for void in voids]


def test_a_notice_service_waits_for_the_office_to_write_the_notice(database, phone, ibc):
    notice = a_notice(ibc.accounts[0], "N-1")
    service = phone.put(
        "notice_service",
        {"notice_id": notice.record_id, "account_no": ibc.accounts[0], "method": "hand"},
    )

    waiting = phone.push_one(service)
    office_write(database, ibc.code, notice)
    phone.pull_all()

    assert words([waiting]) == ["waiting PARENT_MISSING"]
    assert phone.see("notice", notice.record_id)["state"] == "served"
    assert len(phone.has("verdict")) == 1


def test_a_release_never_stops_the_money_that_causes_it(database, phone, ibc):
    taken, other = money(phone, ibc, 1), money(phone, ibc, 2)
    phone.push(other)
    early = phone.put("receipt_void", a_void(taken))
    late = phone.put("receipt_void", a_void(other), record_id=early["record_id"])

    waiting, applied = phone.push_one(early), phone.push_one(late)
    outcome = phone.push_one(taken)

    assert words([waiting, applied]) == ["waiting PARENT_MISSING", "applied"]
    assert words([outcome]) == ["applied"]
    assert count(database, "collections") == 2


# Our own fault


@pytest.fixture
def faulty_visits(monkeypatch):
    """An effect of ours that cannot bear one consumer."""

    def fail(_writing, changes):
        if any(change.after.fields["remark"] == "kills us" for change in changes):
            raise ZeroDivisionError("our own fault")

    monkeypatch.setitem(EFFECTS, "visit", fail)


@pytest.mark.usefixtures("faulty_visits")
def test_where_our_code_fails_one_mutation_waits_and_its_neighbours_apply(database, phone, ibc):
    batch = [phone.put("visit", a_visit(ibc.accounts[n % 6], remark="fine")) for n in range(10)]
    bad = phone.put("visit", a_visit(ibc.accounts[0], remark="kills us"))
    taken = money(phone, ibc)

    pushed = phone.push(*batch[:5], bad, *batch[5:], taken)

    expected = ["applied"] * 5 + ["waiting OUR_FAULT"] + ["applied"] * 6
    assert words(pushed.outcomes) == expected
    assert one(database, "SELECT kind FROM exceptions") == "OUR_FAULT"
    assert count(database, "visits") == 10
    assert one(database, "SELECT entity FROM waiting") == "our_fault"


@pytest.mark.usefixtures("faulty_visits")
def test_our_fault_leaves_no_gap_and_is_repeated_as_recorded(phone, ibc):
    bad = phone.put("visit", a_visit(ibc.accounts[0], remark="kills us"))

    first = phone.push(bad)
    again = phone.push(bad)

    assert words(first.outcomes) == words(again.outcomes) == ["waiting OUR_FAULT"]
    assert again.outcomes[0].replayed
    assert again.missing == []


def test_a_batch_that_was_seen_under_other_numbers_is_looked_up(database, phone, second_phone, ibc):
    row = money(phone, ibc)
    phone.push(row)

    copied = second_phone.put("collection", row["fields"], record_id=row["record_id"])
    fresh = second_phone.put("visit", a_visit(ibc.accounts[0]))
    pushed = second_phone.push(copied, fresh)

    assert words(pushed.outcomes) == ["applied", "applied"]
    assert count(database, "collections") == 1
