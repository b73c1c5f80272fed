import random

import pytest
from sqlalchemy import text

from ledger.checks import CHECKS, verify
from models.migrations.triggers import drop_trigger_statements
from tests.integration.ledger.office import IBC, O1042, O1077, Office

ACCOUNTS = [f"04000000000{n:02d}" for n in range(1, 7)]


def a_random_month(office: Office, seed: int) -> None:
    """Bills, tenders, doubts and decisions, in several pushes, posted in chunks of odd sizes."""
    chance = random.Random(seed)
    taken: list[dict] = []
    office.append([office.consumer(account) for account in ACCOUNTS])
    for month in ("2026-02", "2026-03", "2026-04"):
        push = [office.bill(a, chance.randint(-300, 3000), month) for a in ACCOUNTS]
        for _ in range(12):
            account, officer = chance.choice(ACCOUNTS), chance.choice((O1042, O1077))
            tender = chance.choice(("cash", "cash", "cheque", "wallet"))
            if chance.random() < 0.2:
                push.append(office.unknown(chance.randint(1, 3000)))
            else:
                rupees = chance.randint(1, 4000)
                push.append(office.collection(account, rupees, tender, officer_id=officer))
        chance.shuffle(push)
        office.append(push)
        taken += [row for row in push if row["entity"] == "collection"]
        decided = chance.sample(taken, 6)
        office.append([a_decision(office, chance, row) for row in decided])
        office.post(chunk_rows=chance.randint(3, 50))


def a_decision(office: Office, chance: random.Random, about: dict) -> dict:
    if about["outcome"] == "held":
        return office.decision("identify", about, chance.choice(ACCOUNTS))
    kind = chance.choice(("transfer", "void", "reverse"))
    return office.decision(kind, about, chance.choice(ACCOUNTS))


def findings(office: Office) -> list[str]:
    with office.database.read() as connection:
        return [f"{each.check} {each.where}: {each.what}" for each in verify(connection, IBC)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_books_that_the_rules_wrote_verify(office, seed):
    a_random_month(office, seed)

    assert findings(office) == []


def test_every_invariant_of_issue_scope_has_a_check():
    named = {name.split()[0] for name in CHECKS}

    assert named == {f"M{n}" for n in range(1, 21)}


CASH = "(SELECT MIN(seq) FROM entries WHERE kind = 'collection_cash')"
FAULTS = {
    "an amount that grew on one side": (
        (
            f"UPDATE postings SET amount_paisa = amount_paisa + 100 "
            f"WHERE line_no = 1 AND entry_seq = {CASH}"
        ),
        {"M1", "M3", "M14", "M19"},
    ),
    "an amount that grew on both sides": (
        (
            "UPDATE postings SET amount_paisa = amount_paisa + 100 WHERE entry_seq = "
            "(SELECT MIN(seq) FROM entries WHERE kind = 'collection_cheque')"
        ),
        {"M14", "M19"},
    ),
    "money moved to another consumer": (
        (
            "UPDATE postings SET account_of = '0400000000006' WHERE account_code IN (1100, 2010) "
            "AND entry_seq = (SELECT MIN(seq) FROM entries WHERE kind = 'collection_cash' "
            "AND seq NOT IN (SELECT entry_seq FROM postings WHERE account_of = '0400000000006'))"
        ),
        {"M11", "M14", "M19"},
    ),
    "cash moved to another officer": (
        (
            f"UPDATE postings SET account_of = 'nobody/2026-04-08' WHERE account_code = 1010 "
            f"AND entry_seq = {CASH}"
        ),
        {"M14", "M19"},
    ),
    "an allocation that lost a paisa": (
        (
            "UPDATE allocations SET amount_paisa = amount_paisa - 1 WHERE entry_seq = "
            "(SELECT MIN(entry_seq) FROM allocations) AND line_no = 1"
        ),
        {"M11", "M14", "M19"},
    ),
    "an entry without postings": (
        "DELETE FROM postings WHERE entry_seq = (SELECT MAX(seq) FROM entries)",
        {"M1", "M19"},
    ),
    "an entry that is gone": (
        f"DELETE FROM entries WHERE seq = {CASH}",
        {"M1", "M14", "M19"},
    ),
    "a suspense account driven below zero": (
        (
            "UPDATE postings SET account_code = 2090, account_of = 'stolen' WHERE account_code = 1100 "
            "AND side = 'D' AND entry_seq = (SELECT MIN(seq) FROM entries WHERE kind = 'bill_charged')"
        ),
        {"M4", "M14", "M19"},
    ),
    "a reversal of a reversal": (
        (
            "UPDATE entries SET reverses_seq = (SELECT MIN(seq) FROM entries WHERE kind = 'reversed') "
            "WHERE seq = (SELECT MIN(seq) FROM entries WHERE kind = 'bill_charged')"
        ),
        {"M6", "M14", "M19"},
    ),
    "a request that nobody made": (
        f"UPDATE entries SET request_hash = 'forged' WHERE seq = {CASH}",
        {"M5", "M14", "M19"},
    ),
    "a receipt number used twice": (
        "UPDATE collections SET receipt_no = 'Q3-000000'",
        {"M10"},
    ),
    "a body changed in the log": (
        'UPDATE mutations SET body = replace(body, \'"tender":"cash"\', \'"tender":"wallet"\')',
        {"M14", "M19"},
    ),
    "an outcome changed in the log": (
        (
            "UPDATE mutations SET outcome = 'rejected' WHERE seq = "
            "(SELECT MIN(seq) FROM mutations WHERE entity = 'collection' AND outcome = 'applied')"
        ),
        {"M14", "M15", "M19"},
    ),
    "cash with paisa": (
        f"UPDATE postings SET amount_paisa = amount_paisa + 1 WHERE entry_seq = {CASH}",
        {"M18", "M19"},
    ),
    "notes that do not make the amount": (
        """UPDATE collections SET denominations = '{"1000": 1}' WHERE tender = 'cash'""",
        {"M18"},
    ),
    "a receipt that was voided behind the books": (
        (
            "UPDATE collections SET state = 'void' WHERE id = "
            "(SELECT MIN(id) FROM collections WHERE tender = 'cash' AND state = 'posted')"
        ),
        {"M7"},
    ),
    "a cheque that is said to have cleared": (
        (
            "UPDATE instruments SET state = 'cleared' WHERE id = "
            "(SELECT MIN(id) FROM instruments WHERE state = 'in_hand')"
        ),
        {"M8"},
    ),
    "a bill that was raised behind the books": (
        "UPDATE bills SET current_paisa = current_paisa + 100",
        {"M9"},
    ),
    "entries on a date that was closed before": (
        (
            "INSERT INTO periods (ibc_id, id, version, business_date, closer_id, forced, "
            "closed_seq, author_id, occurred_at, received_at) VALUES "
            "('DEF', 'p', 1, '2026-04-08', 'finance', FALSE, 1, 'finance', 1, 1)"
        ),
        {"M13"},
    ),
    "a checker who was the maker": (
        "UPDATE decisions SET checker_id = maker_id WHERE state = 'approved'",
        {"M16"},
    ),
    "a cut after a payment that nobody was told of": (
        (
            "INSERT INTO disconnection_acts (ibc_id, id, version, officer_id, account_no, "
            "author_id, occurred_at, received_at) SELECT ibc_id, 'cut', 1, officer_id, account_no, "
            "author_id, occurred_at + 1000, received_at FROM collections WHERE state = 'posted' "
            "AND account_no IS NOT NULL ORDER BY id LIMIT 1"
        ),
        {"M17"},
    ),
    "a record that says another amount": (
        "UPDATE collections SET amount_paisa = amount_paisa + 100",
        {"M19"},
    ),
}


@pytest.mark.owner
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(office, fault):
    a_random_month(office, seed=4)
    statement, expected = FAULTS[fault]
    with office.database.write() as connection:
        for drop in drop_trigger_statements(connection.dialect.name):
            connection.exec_driver_sql(drop)

    with office.database.write() as connection:
        changed = connection.execute(text(statement)).rowcount

    found = findings(office)
    assert changed
    assert expected | {"M2"} <= {each.split()[0] for each in found}, found


def test_all_books_are_rebuilt_whatever_the_chunks_were(office):
    a_random_month(office, seed=5)
    stored = office.rows("SELECT kind, idem_key, request_hash FROM entries ORDER BY seq")

    assert findings(office) == []
    assert len(stored) > 50
