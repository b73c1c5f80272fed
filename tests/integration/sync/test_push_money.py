"""Money is never refused once an amount and a receipt number can be read; everything else is."""

import pytest

from tests.building import (
    a_collection,
    a_phone,
    a_visit,
    body_hash,
    words,
)
from tests.integration.sync.looking import count, one, rows

UNKNOWN = "9900000000001"

AMOUNTS = [
    # what stands for the amount, and what becomes of it
    (1_00, "applied"),
    (10_000_000_000, "applied"),
    (1, "held MALFORMED"),  # one paisa in cash is not whole rupees, and money all the same
    (50_050, "held MALFORMED"),
    (0, "rejected"),
    (-1, "rejected"),
    (0.5, "rejected"),
    (500.0, "rejected"),
    (1e308, "rejected"),
    (10_000_000_001, "rejected"),
    (2**53, "rejected"),
    (2**63 - 1, "rejected"),
    ("۱۲۳", "rejected"),
    ("500", "rejected"),
    ("1_000", "rejected"),
    (True, "rejected"),
    (None, "rejected"),
    ([], "rejected"),
    ({"rupees": 5}, "rejected"),
]
SPOILT = [
    # what is wrong beside a readable amount and receipt number
    {"tender": "gold"},
    {"tender": None},
    {"tender": 7},
    {"tender": "cheque"},
    {"account_no": "12"},
    {"account_no": "04000\x0000000001"},
    {"account_no": "۰۴۰۰۰۰۰۰۰۰۰۰۱"},
    {"account_no": ["0400000000001"]},
    {"account_no": None},
    {"receipt_no": "Q3-43"},
    {"receipt_no": "x\x00"},
    {"receipt_no": "q3-000043"},
    {"payer_name": "\x00"},
    {"payer_name": "\u202ereversed"},
    {"payer_phone": "0300-1234567"},
    {"instrument_date": "9999-12-31"},
    {"instrument_date": "0001-01-01"},
    {"denominations": {"1000": 1}},
    {"denominations": {"3": 1}},
    {"denominations": {"1000": 0.5}},
    {"tendered_paisa": 400_00},
    {"evidence": {"lat_e6": 24.8}},
    {"evidence": {"secret": 1}},
    {"stop_id": "STOP"},
    {"printed": 1},
    {"state": "posted"},
    {"officer_id": "01961a2b-3c4d-7e5f-8a6b-7c8d9e0f1a2b"},
    {"unheard_of": 1},
    {"un\x00heard": "\x00"},
]


@pytest.mark.parametrize(("amount", "expected"), AMOUNTS, ids=repr)
def test_what_becomes_of_an_amount(phone, ibc, amount, expected):
    row = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043", amount_paisa=amount))

    outcome = phone.push_one(row)

    assert words([outcome]) == [expected]
    assert outcome.wire()["outcome"] == outcome.outcome


def test_an_amount_that_is_missing_is_rejected(phone, ibc):
    fields = a_collection(ibc.accounts[0], "Q3-000043")
    del fields["amount_paisa"]

    outcome = phone.push_one(phone.put("collection", fields))

    assert words([outcome]) == ["rejected"]
    assert outcome.errors == {"amount_paisa": "required"}


@pytest.mark.parametrize("spoilt", SPOILT, ids=repr)
def test_money_with_anything_else_wrong_is_held_with_its_amount(database, phone, ibc, spoilt):
    row = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043") | spoilt)

    outcome = phone.push_one(row)

    assert words([outcome]) == ["held MALFORMED"]
    assert outcome.wire()["errors"]
    assert one(database, "SELECT kind, amount_paisa FROM exceptions") == ("MALFORMED", 500_00)
    assert count(database, "collections") == 0


@pytest.mark.parametrize(
    "envelope",
    [
        {"occurred_at": "9999-12-31T23:59:59.999Z"},
        {"occurred_at": "0001-01-01T00:00:00.000Z"},
        {"occurred_at": "yesterday"},
        {"seq": 0},
        {"seq": -1},
        {"seq": "1"},
        {"seq": 2**53},
        {"base_version": 0},
        {"base_version": "1"},
        {"op": "patch"},
        {"op": None},
        {"prev": 5},
        {"extra": 1},
    ],
    ids=repr,
)
def test_money_in_a_spoilt_envelope_is_held(phone, ibc, envelope):
    row = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043"), **envelope)

    outcome = phone.push_one(row)

    assert words([outcome]) == ["held MALFORMED"]
    assert outcome.wire()["errors"]


@pytest.mark.parametrize(
    "envelope",
    [
        {"id": None},
        {"id": "x"},
        {"id": 5},
        {"id": "{01961a2b-3c4d-7e5f-8a6b-7c8d9e0f1a2b}"},
        {"id": "01961A2B-3C4D-7E5F-8A6B-7C8D9E0F1A2B"},
        {"record_id": None},
        {"record_id": "x\x00"},
    ],
    ids=repr,
)
def test_money_under_unreadable_ids_is_held_and_found_again(database, phone, ibc, envelope):
    row = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043")) | envelope

    first, again = phone.push_one(row), phone.push_one(row)

    assert words([first, again]) == ["held MALFORMED"] * 2
    assert (first.replayed, again.replayed) == (False, True)
    assert first.exception_id == again.exception_id
    assert count(database, "exceptions") == 1


@pytest.mark.parametrize("row", [None, 5, "x", [], {}, {"id": "x"}, [{}]], ids=repr)
def test_what_is_no_mutation_is_answered_and_not_kept(database, phone, row):
    before = count(database, "mutations")

    outcome = phone.push_one(row)

    assert outcome.wire()["outcome"] == "rejected"
    assert count(database, "mutations") == before


@pytest.mark.parametrize(
    "spoilt",
    [
        {"account_no": "\x00"},
        {"account_no": 5},
        {"outcome": "eaten"},
        {"outcome": "promise"},
        {"promise_date": "9999-12-31"},
        {"remark": "\x00"},
        {"x": 1},
    ],
    ids=repr,
)
def test_a_visit_that_cannot_be_read_is_rejected(phone, ibc, spoilt):
    row = phone.put("visit", a_visit(ibc.accounts[0]) | spoilt)

    outcome = phone.push_one(row)

    assert words([outcome]) == ["rejected"]
    assert outcome.wire()["errors"]


def test_one_poison_row_among_499_good_ones_stops_nobody(database, phone, ibc):
    good = [phone.put("visit", a_visit(ibc.accounts[n % 6])) for n in range(499)]
    poison = phone.put("visit", {"account_no": "\x00", "outcome": [], "x\x00": 1e308})
    batch = [*good[:250], poison, *good[250:]]

    pushed = phone.push(*batch)

    assert words(pushed.outcomes).count("applied") == 499
    assert words(pushed.outcomes)[250] == "rejected"
    assert count(database, "visits") == 499


@pytest.mark.parametrize("base_version", [1, 7])
def test_a_fact_is_whole_whatever_base_it_names(database, phone, ibc, base_version):
    half = phone.put("collection", {"amount_paisa": 500_00}, base_version=base_version)
    part = phone.put("visit", {"outcome": "promise"}, base_version=base_version)
    odd = phone.put(
        "collection",
        a_collection(ibc.accounts[0], "Q3-000043", amount_paisa=50_050),
        base_version=base_version,
    )

    pushed = phone.push(half, part, odd)

    assert words(pushed.outcomes) == ["rejected", "rejected", "held MALFORMED"]
    assert count(database, "collections") == 0


def test_an_unknown_account_is_held_with_its_record(database, phone):
    row = phone.put("collection", a_collection(UNKNOWN, "Q3-000043"))

    outcome = phone.push_one(row)

    assert words([outcome]) == ["held UNKNOWN_ACCOUNT"]
    assert outcome.version == 1
    assert count(database, "collections") == 1
    assert one(database, "SELECT kind, account_no FROM exceptions") == ("UNKNOWN_ACCOUNT", UNKNOWN)


def test_another_ibcs_account_is_held(database, phone, other_ibc):
    row = phone.put("collection", a_collection(other_ibc.accounts[0], "Q3-000043"))

    outcome = phone.push_one(row)

    assert words([outcome]) == ["held OTHER_IBC"]
    assert one(database, "SELECT ibc_id FROM collections") == "DEF"


def test_a_payer_without_an_account_is_held(phone):
    fields = a_collection(None, "Q3-000043", unknown_payer_text="an old man at the counter")

    outcome = phone.push_one(phone.put("collection", fields))

    assert words([outcome]) == ["held UNKNOWN_ACCOUNT"]


def test_the_second_use_of_a_receipt_number_is_held(database, phone, ibc):
    first = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043"))
    second = phone.put("collection", a_collection(ibc.accounts[1], "Q3-000043"))

    pushed = phone.push(first, second)

    assert words(pushed.outcomes) == ["applied", "held RECEIPT_NO_REUSED"]
    assert count(database, "collections") == 2
    assert one(database, "SELECT record_id FROM claims") == first["record_id"]


def test_the_second_use_is_found_in_another_batch(phone, ibc):
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043")))

    outcome = phone.push_one(phone.put("collection", a_collection(ibc.accounts[1], "Q3-000043")))

    assert words([outcome]) == ["held RECEIPT_NO_REUSED"]


def test_a_number_of_another_phones_block_is_held_and_stays_free_for_it(
    database, phone, colleague, ibc
):
    outcome = colleague.push_one(
        colleague.put("collection", a_collection(ibc.accounts[1], "Q3-000043"))
    )
    own = phone.push_one(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043")))

    assert words([outcome, own]) == ["held RECEIPT_NOT_ISSUED", "applied"]
    assert outcome.version == 1
    assert count(database, "collections") == 2


def test_doubted_money_claims_its_receipt_number_too(phone, ibc):
    doubted = phone.put("collection", a_collection(UNKNOWN, "Q3-000043"))
    second = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043"))

    pushed = phone.push(doubted, second)

    assert words(pushed.outcomes) == ["held UNKNOWN_ACCOUNT", "held RECEIPT_NO_REUSED"]


def test_a_receipt_number_of_another_ibcs_block_is_held_with_its_record(
    database, phone, ibc, other_ibc
):
    stranger = a_phone(database, other_ibc)
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043")))

    row = stranger.put("collection", a_collection(other_ibc.accounts[0], "Q3-000043"))

    outcome = stranger.push_one(row)

    assert words([outcome]) == ["held RECEIPT_NOT_ISSUED"]
    assert outcome.version == 1


def test_the_log_keeps_the_bytes_that_the_phone_signed(database, phone, ibc):
    row = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000043", payer_name="علی"))

    phone.push(row)

    stored = rows(database, "SELECT body_hash FROM mutations WHERE id = :id", id=row["id"])
    assert stored == [(body_hash(row),)]
