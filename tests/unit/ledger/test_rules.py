import random
import subprocess
import sys
from graphlib import TopologicalSorter

from ledger.accounts import CHART
from ledger.chain import GENESIS, link
from ledger.exceptions import KINDS, case
from ledger.rules import CAUSES, HELD, RULES
from tests.unit.ledger.street import post_all
from tests.unit.ledger.test_arrival_order import some_facts


def test_nothing_in_the_books_causes_itself():
    order = list(TopologicalSorter(CAUSES).static_order())

    assert set(CAUSES) <= set(order)
    assert not [origin for origin, _entity in RULES if origin == "books"]


def test_every_rule_says_what_it_causes():
    assert {f"{origin} {entity}" for origin, entity in RULES} <= set(CAUSES)


def test_what_happens_is_what_the_table_of_causes_says():
    chance = random.Random(7)
    for _ in range(100):
        facts, decisions = some_facts(chance)
        _books, pages = post_all([*facts, *decisions])
        for page in pages:
            of_row = CAUSES[f"{page.row.origin} {page.row.entity}"]
            by_seq = {entry.seq: entry.kind for entry in page.entries}
            for entry in page.entries:
                cause = CAUSES[by_seq[entry.caused_by_seq]] if entry.caused_by_seq else of_row
                assert entry.kind in cause


def test_every_code_that_holds_money_has_an_owner():
    assert set(HELD) <= set(KINDS)


def test_an_exception_opened_twice_is_one():
    about = {"ibc_id": "DEF", "subject_entity": "collection", "opened_by_seq": 1, "now": 5}

    first = case("ID_REUSED", subject_id="c", **about)
    again = case("ID_REUSED", subject_id="c", **about)
    other_body = case("ID_REUSED", subject_id="c", distinct="hash", **about)

    assert first == again
    assert first["id"] != other_body["id"]
    assert first["due_at"] == 5 + KINDS["ID_REUSED"].due_after_ms


def test_the_chart_has_a_name_and_a_side_for_every_account():
    assert all(account.name and account.normal in "DC" for account in CHART.values())


def test_a_link_covers_what_it_follows():
    items = [("hash", "applied", "device-1")]

    assert link(GENESIS, 1, items) == link(GENESIS, 1, items)
    assert link(GENESIS, 1, items) != link(link(GENESIS, 1, items), 1, items)
    assert link(GENESIS, 1, items) != link(GENESIS, 2, items)


def test_posting_needs_no_database_and_no_clock():
    seen = (
        "import sys, ledger.posting; "
        "print([m for m in ('sqlalchemy', 'flask', 'infra.clock') if m in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
