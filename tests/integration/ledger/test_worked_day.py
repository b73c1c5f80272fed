from infra.ids import derived_id
from tests.integration.ledger.office import O1042, RS, Office

A, B, C, D, E = (f"04000000000{n:02d}" for n in range(1, 6))
SESSION = f"{O1042}/2026-04-08"


def the_day(office: Office) -> dict[str, dict]:
    """Domain manual §6.7, the part in issue scope: bills, five tenders."""
    bills = zip((A, B, C, D, E), (2500, 3200, 6500, 1500, 1000), strict=True)
    office.append([office.consumer(account) for account in (A, B, C, D, E)])
    office.append([office.bill(account, rupees) for account, rupees in bills])
    taken = {
        "A": office.collection(A, 2500),
        "B": office.collection(B, 4000),
        "unknown": office.unknown(1000),
        "C": office.collection(C, 6500, "cheque"),
        "D": office.collection(D, 1500, "wallet"),
    }
    office.append(list(taken.values()))
    return taken


def test_the_worked_day_stands_as_the_domain_manual_has_it(office):
    taken = the_day(office)

    result = office.post()

    assert result.lag == 0
    assert office.balances() == {
        (1010, SESSION): 7500 * RS,
        (1030, O1042): 6500 * RS,
        (1050, "jazzcash"): 1500 * RS,
        (1100, C): 6500 * RS,
        (1100, D): 1500 * RS,
        (1100, E): 1000 * RS,
        (2010, B): -800 * RS,
        (2090, taken["unknown"]["record_id"]): -1000 * RS,
        (2110, C): -6500 * RS,
        (2110, D): -1500 * RS,
        (2900, ""): -14700 * RS,
    }
    assert office.position(B)["advance_paisa"] == 800 * RS
    assert office.position(C)["uncleared_paisa"] == 6500 * RS
    assert office.position(E)["open_bills"] == '[{"invoice_no":"0005-2026-03","open_paisa":100000}]'


def test_unknown_money_that_is_identified_pays_its_bill(office):
    unknown = the_day(office)["unknown"]
    office.post()

    office.append([office.decision("identify", unknown, E)])
    office.post()

    assert office.position(E)["due_paisa"] == 0
    assert office.balance(2090, unknown["record_id"]) == 0
    assert office.rows("SELECT state, resolution FROM exceptions") == [("resolved", "identify")]
    assert ("posted",) in office.rows(
        "SELECT state FROM collections WHERE id = :id", id=unknown["record_id"]
    )


def test_posting_twice_writes_once(office):
    the_day(office)
    office.post()
    before = office.rows("SELECT hash FROM entries ORDER BY seq")

    again = office.post()

    assert again.read == 0
    assert office.rows("SELECT hash FROM entries ORDER BY seq") == before


def test_small_chunks_write_the_same_books(office):
    taken = the_day(office)
    office.append([office.decision("transfer", taken["B"], A), office.decision("void", taken["A"])])

    office.post(chunk_rows=2)

    assert office.balance(1100, A) == 0
    assert office.balance(2010, A) == -1500 * RS
    assert office.balance(1100, B) == 3200 * RS
    assert office.balance(1010, SESSION) == 5000 * RS


def test_a_bill_before_its_consumer_gets_its_position_when_he_comes(office):
    office.append([office.bill(A, 700)])
    office.post()

    office.append([office.consumer(A)])
    office.post()

    assert office.position(A)["due_paisa"] == 700 * RS
    assert office.position(A)["id"] == derived_id("consumer", A)


def test_doubted_money_shows_beside_the_due_and_is_not_in_the_books(office):
    held = office.collection(A, 300, outcome="held", code="DEVICE_UNTRUSTED", record=False)
    office.append([office.consumer(A), held])

    office.post()

    assert office.position(A)["held_paisa"] == 300 * RS
    assert office.balances() == {}


def test_a_released_fact_posts_with_the_body_it_had(office):
    held = office.collection(A, 300, outcome="held", code="DEVICE_UNTRUSTED", record=False)
    release = held | {
        "id": derived_id("release", held["id"]),
        "of_id": held["id"],
        "op": "release",
        "outcome": "applied",
        "code": None,
        "fields": {},
    }
    office.append([office.consumer(A), held])
    office.post()

    office.append([release])
    office.post()

    assert office.balance(2010, A) == -300 * RS
    assert office.position(A)["held_paisa"] == 0


def test_a_decision_approved_by_its_maker_posts_nothing(office):
    taken = the_day(office)
    office.append([office.decision("void", taken["A"], checker_id="clerk")])

    office.post()

    assert office.balance(1010, SESSION) == 7500 * RS
    assert "MAKER_IS_CHECKER" in office.exceptions()
