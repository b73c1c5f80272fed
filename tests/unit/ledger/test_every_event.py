"""Random events of every template under all invariants, and wrong postings that must be seen."""

from collections import Counter
from dataclasses import replace

import pytest

from ledger.draft import Leg
from ledger.rules import CAUSES
from ledger.view import Books
from tests.unit.ledger.street import balances, post_all
from tests.unit.ledger.watcher import Watcher
from tests.unit.ledger.world import World

WORLDS, EVENTS = (range(13), range(13, 26)), 4_000
"""104,000 events, in two halves that run beside each other."""
SUMMED_EVERY = 500


@pytest.mark.parametrize("seeds", WORLDS, ids=str)
def test_every_event_leaves_every_invariant_standing(seeds):
    seen = Counter()
    for seed in seeds:
        world, watcher = World(seed), Watcher()
        for n in range(EVENTS):
            row, posted = world.next()
            assert watcher.see(row, posted.entries) == set(), f"seed {seed}, event {n}: {row}"
            seen.update(entry.kind for entry in posted.entries)
            if n % SUMMED_EVERY == 0:
                assert watcher.sums() == set(), f"seed {seed}, event {n}: {row}"
        assert watcher.sums() == set(), f"seed {seed}"
        assert +Counter(balances(world.books)) == +Counter(
            {key: paisa for key, paisa in watcher.balances.items() if paisa}
        ), f"seed {seed}: the view and the entries differ"

    templates = {kind for kinds in CAUSES.values() for kind in kinds if " " not in kind}
    assert templates <= set(seen), f"never happened: {templates - set(seen)}"


def test_the_same_events_again_make_the_same_entries():
    world = World(7)
    made = [world.next() for _ in range(2_000)]

    _books, pages = post_all([row for row, _posted in made], Books())

    assert [page.entries for page in pages] == [posted.entries for _row, posted in made]


def first_leg(entry, change):
    return replace(entry, legs=(change(entry.legs[0]), *entry.legs[1:]))


def one_paisa_more(entry):
    return [first_leg(entry, lambda leg: leg._replace(amount_paisa=leg.amount_paisa + 1))]


def both_sides_more(entry):
    return [
        replace(
            entry, legs=tuple(leg._replace(amount_paisa=leg.amount_paisa + 1) for leg in entry.legs)
        )
    ]


def one_side_only(entry):
    return [replace(entry, legs=entry.legs[:1])]


def no_such_account(entry):
    return [first_leg(entry, lambda leg: leg._replace(code=1234))]


def twice(entry):
    return [entry, entry]


def twice_by_another_key(entry):
    return [entry, replace(entry, seq=entry.seq + 1_000_000, idem_key=f"{entry.idem_key}:again")]


def not_at_all(_entry):
    return []


def the_receivable_at_once(entry):
    """A cheque that pays the bill before it is money."""
    wrong = tuple(leg._replace(code=1100) if leg.code == 2110 else leg for leg in entry.legs)
    return [replace(entry, legs=wrong)]


def on_a_closed_date(entry):
    return [replace(entry, business_date="2026-03-01")]


def out_of_an_empty_safe(entry):
    legs = (Leg(1025, "slip", "D", 10**12), Leg(1020, "ibc", "C", 10**12))
    return [replace(entry, legs=legs)]


def allocated_to_another(entry):
    return [
        replace(entry, shares=tuple(share._replace(account_no="0" * 13) for share in entry.shares))
    ]


def half_a_mirror(entry):
    halved = tuple(leg._replace(amount_paisa=leg.amount_paisa * 2) for leg in entry.legs)
    return [replace(entry, legs=halved, shares=())]


PLANTED = {
    "a leg of one paisa more": ("collection_cash", one_paisa_more, "M1"),
    "both legs of one paisa more": ("collection_suspense", both_sides_more, "M7"),
    "a leg alone": ("collection_cash", one_side_only, "M1"),
    "an account that is not in the chart": ("collection_cash", no_such_account, "M1"),
    "an account below zero": ("cash_deposited", out_of_an_empty_safe, "M4"),
    "an entry twice": ("collection_cash", twice, "M5"),
    "a receipt twice under two keys": ("collection_suspense", twice_by_another_key, "M7"),
    "a receipt left out": ("collection_suspense", not_at_all, "M7"),
    "a handover that keeps nothing": ("turned_in", one_side_only, "M1"),
    "a bounced cheque of one paisa more": ("cheque_returned", both_sides_more, "M8"),
    "a cheque that pays at once": ("collection_cheque", the_receivable_at_once, "M8"),
    "a bill of one paisa more": ("bill_charged", both_sides_more, "M9"),
    "an allocation to somebody else": ("collection_cash", allocated_to_another, "M11"),
    "an entry on a closed date": ("collection_cash", on_a_closed_date, "M13"),
    "a reversal that is no mirror": ("reversed", half_a_mirror, "M6"),
    "a reversal twice": ("reversed", twice_by_another_key, "M6"),
}


@pytest.mark.parametrize("plant", PLANTED)
def test_a_wrong_posting_is_seen(plant):
    kind, spoil, invariant = PLANTED[plant]
    world, watcher = World(3), Watcher()
    planted = None
    for _ in range(3_000):
        row, posted = world.next()
        entries = list(posted.entries)
        at = next((n for n, entry in enumerate(entries) if entry.kind == kind), None)
        if planted is None and at is not None and watcher.closed_through:
            entries[at : at + 1] = spoil(entries[at])
            planted = watcher.see(row, entries) | watcher.sums()
            break
        watcher.see(row, entries)

    assert planted is not None, f"no {kind} ever happened"
    assert invariant in planted


def test_money_that_one_person_moved_alone_is_seen():
    world, watcher = World(3), Watcher()
    for _ in range(3_000):
        row, posted = world.next()
        if row.entity == "adjustment" and posted.entries:
            row.fields = {**row.fields, "checker_id": row.fields["maker_id"]}
            assert watcher.see(row, posted.entries) == {"M16"}
            return
        watcher.see(row, posted.entries)
    raise AssertionError("no adjustment ever happened")
