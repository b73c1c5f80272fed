import random

from ledger.log_row import LogRow
from ledger.view import Books
from tests.unit.ledger.street import (
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


def test_any_order_of_the_same_facts_ends_in_the_same_balances():
    chance = random.Random(20260408)
    for number in range(FACT_SETS):
        facts, decisions = some_facts(chance)
        expected = None
        for _ in range(ORDERS):
            chance.shuffle(facts)

            books, _pages = post_all([*facts, *decisions])

            expected = expected or balances(books)
            assert balances(books) == expected, f"fact set {number}"
            assert in_normal_form(books), f"fact set {number}"
            assert bills_agree_with_accounts(books), f"fact set {number}"


def test_a_receipt_before_its_bill_ends_as_after_it():
    march, receipt = bill(A, 2500), cash(A, 2000)

    before, _ = post_all([receipt, march])
    after, _ = post_all([march, receipt])

    assert balances(before) == balances(after)
    assert before.due(A) == 500_00
    assert before.advance(A) == 0
