"""Hashing costs the same for everybody, and only a few hash at once."""

import pytest

from auth import credentials, passwords
from auth.credentials import Credential, Proof, check
from auth.errors import HashingBusy

KEPT = passwords.hash_secret("the right secret")
KNOWN = Credential("staff-1", "S2001", KEPT, None)


@pytest.fixture
def hashes(monkeypatch):
    """Every hash that was computed, in order."""
    seen = []
    verify = passwords._verify

    def counted(*given):
        seen.append(given)
        return verify(*given)

    monkeypatch.setattr(passwords, "_verify", counted)
    return seen


def test_the_parameters_are_owasps():
    assert KEPT.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords._nobodys_hash().startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    ("credential", "proof", "secret", "staff_id", "correct"),
    [
        (KNOWN, Proof.PASSWORD, "the right secret", "staff-1", True),
        (KNOWN, Proof.PASSWORD, "a wrong secret", "staff-1", False),
        (KNOWN, Proof.PIN, "the right secret", "staff-1", False),
        (None, Proof.PASSWORD, "the right secret", None, False),
        (None, Proof.PASSWORD, "the secret of nobody", None, False),
    ],
)
def test_one_hash_is_computed_whoever_asks(hashes, credential, proof, secret, staff_id, correct):
    checked = check(credential, proof, secret)

    assert checked == credentials.Checked(staff_id, correct)
    assert len(hashes) == 1


def test_a_damaged_hash_matches_nothing():
    assert not passwords.secret_matches("not a hash", "the right secret")


def test_more_hashes_than_allowed_at_once_are_refused_and_the_place_is_given_back(monkeypatch):
    monkeypatch.setattr(passwords, "WAIT_SECONDS_MAX", 0)
    slots = [passwords._Slot() for _ in range(passwords.HASHES_AT_ONCE_MAX)]
    for slot in slots:
        slot.__enter__()

    with pytest.raises(HashingBusy):
        passwords.secret_matches(KEPT, "the right secret")

    for slot in slots:
        slot.__exit__()
    assert passwords.secret_matches(KEPT, "the right secret")


def test_hashes_are_never_shown():
    assert KEPT not in repr(KNOWN)
