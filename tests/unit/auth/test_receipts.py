"""The code on a receipt binds what is printed on it."""

from typing import Any

import pytest

from auth.receipts import code_is_genuine, verify_code

SECRET = bytes(range(32))
PRINTED: dict[str, Any] = {
    "receipt_no": "Q3-000043",
    "account_no": "0400012345678",
    "amount_paisa": 150_000,
    "occurred_at": 1_775_638_780_003,  # 2026-04-08T08:59:40.003Z
}


def test_the_code_is_the_one_that_the_phone_makes():
    """Made once with openssl, so that the TypeScript twin can be held to it."""
    assert verify_code(SECRET, **PRINTED) == "MMF35NWO"


def test_the_seconds_are_not_printed_and_not_bound():
    later = PRINTED | {"occurred_at": PRINTED["occurred_at"] + 19_000}

    assert verify_code(SECRET, **later) == verify_code(SECRET, **PRINTED)


@pytest.mark.parametrize(
    "change",
    [
        {"receipt_no": "Q3-000044"},
        {"account_no": "0400012345679"},
        {"account_no": None},
        {"amount_paisa": 150_001},
        {"occurred_at": PRINTED["occurred_at"] + 60_000},
    ],
    ids=str,
)
def test_whoever_changes_what_is_printed_needs_another_code(change):
    assert verify_code(SECRET, **PRINTED | change) != verify_code(SECRET, **PRINTED)


def test_another_phones_secret_makes_another_code():
    assert verify_code(bytes(32), **PRINTED) != verify_code(SECRET, **PRINTED)


def test_a_genuine_code_is_told_from_a_false_one():
    code = verify_code(SECRET, **PRINTED)

    assert code_is_genuine(code, SECRET, **PRINTED)
    assert not code_is_genuine("AAAAAAAA", SECRET, **PRINTED)
    assert not code_is_genuine("کککک", SECRET, **PRINTED)
