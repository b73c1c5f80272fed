import random

from ledger.accounts import custody_session
from ledger.adjustments import KINDS
from ledger.log_row import LogRow
from ledger.view import Books
from tests.unit.ledger.office import adjusted, bank_says, deposited, handed_over, robbed, turned_in
from tests.unit.ledger.street import (
    DAY,
    O1042,
    O1077,
    A,
    B,
    C,
    balances,
    bill,
    cash,
    cheque,
    decide,
    post_all,
    wallet,
)

FACT_SETS, ORDERS = 200, 25
ACCOUNTS = (A, B, C)


def some_facts(chance: random.Random) -> tuple[list[LogRow], list[LogRow]]:
    facts = []
    for _ in range(chance.randint(3, 14)):
        make = chance.choice((bill, bill, cash, cash, cash, cheque, wallet))
        account = chance.choice((*ACCOUNTS, None)) if make is not bill else chance.choice(ACCOUNTS)
        if make is bill:
            rupees = chance.choice((-300, 200, 500, 1000, 2500))
            month = f"2026-{chance.randint(1, 6):02d}"
            facts.append(bill(account, rupees, month, invoice_no=f"I{len(facts)}"))
        else:
            officer = chance.choice((O1042, O1077))
            facts.append(make(account, chance.randint(1, 3000), officer_id=officer))
    taken = [fact for fact in facts if fact.entity == "collection"]
    decisions = []
    for fact in chance.sample(taken, k=min(len(taken), 4)):
        if fact.fields["account_no"] is None:
            decisions.append(decide("identify", fact, chance.choice(ACCOUNTS)))
        if chance.random() < 0.5:
            decisions.append(decide("transfer", fact, chance.choice(ACCOUNTS)))
        if chance.random() < 0.5:
            decisions.append(decide(chance.choice(("void", "reverse")), fact))
    return facts, decisions


def some_custody(chance: random.Random) -> list[LogRow]:
    """What the cashier and the supervisor say of the same day, in the order in which they say it."""
    said = []
    for officer in (O1042, O1077):
        day = {"officer_id": officer}
        if chance.random() < 0.5:
            said.append(turned_in(chance.randint(1, 2000), **day))
        match chance.choice(("counted", "counted", "robbed", "still out")):
            case "counted":
                said.append(handed_over(chance.randint(0, 6000), **day))
            case "robbed":
                said.append(robbed(**day))
    return said


def afterwards(chance: random.Random, facts: list[LogRow]) -> list[LogRow]:
    """What becomes of the cheques and claims, and of what the counts have left."""
    rows: list[LogRow] = []
    for fact in facts:
        if fact.fields.get("tender") == "wallet":
            rows.append(bank_says(chance.choice(("confirmed", "refused")), fact))
        if fact.fields.get("tender") == "cheque":
            rows += [handed_over(0, fact, purpose="turn_in"), deposited(1, fact)]
            rows.append(bank_says(chance.choice(("cleared", "returned")), fact))
            rows.append(bank_says(chance.choice(("re_presented", "undone")), fact))
    for officer in (O1042, O1077):
        session = custody_session(officer, DAY)
        rows += [adjusted(kind, chance.randint(1, 50), session) for kind in KINDS]
    rows += [adjusted("waiver", 1, None, account_no=account) for account in ACCOUNTS]
    return rows


def interleaved(chance: random.Random, facts: list[LogRow], said: list[LogRow]) -> list[LogRow]:
    """The facts in any order, and among them what was said at the office in its own order."""
    places = [*facts, *said]
    chance.shuffle(places)
    in_order = iter(said)
    return [next(in_order) if any(place is one for one in said) else place for place in places]


def bills_agree_with_accounts(books: Books) -> bool:
    return all(
        sum(each.open_paisa for each in books.open_bills(account)) == books.due(account)
        for account in ACCOUNTS
    )


def in_normal_form(books: Books) -> bool:
    return all(
        books.due(account) >= 0 and min(books.due(account), books.advance(account)) == 0
        for account in ACCOUNTS
    )


def sessions_in_normal_form(books: Books) -> bool:
    """Cash and overage never side by side; what has ended holds no cash."""
    sessions = [custody_session(officer, DAY) for officer in (O1042, O1077)]
    return all(
        not (books.balance(1010, one) and books.balance(2080, one))
        and not (one in books.ended and books.balance(1010, one))
        for one in sessions
    )


def test_any_order_of_the_same_facts_ends_in_the_same_balances():
    chance = random.Random(20260408)
    for number in range(FACT_SETS):
        facts, decisions = some_facts(chance)
        said = some_custody(chance)
        later = [*afterwards(chance, facts), *decisions]
        expected = None
        for _ in range(ORDERS):
            arrived = interleaved(chance, facts, said)

            books, _pages = post_all([*arrived, *later])

            expected = expected or balances(books)
            assert balances(books) == expected, f"fact set {number}"
            assert in_normal_form(books), f"fact set {number}"
            assert sessions_in_normal_form(books), f"fact set {number}"
            assert bills_agree_with_accounts(books), f"fact set {number}"


def test_a_receipt_before_its_bill_ends_as_after_it():
    march, receipt = bill(A, 2500), cash(A, 2000)

    before, _ = post_all([receipt, march])
    after, _ = post_all([march, receipt])

    assert balances(before) == balances(after)
    assert before.due(A) == 500_00
    assert before.advance(A) == 0
