"""Refresh tokens in the field: lost answers, stolen copies, racing requests (reliability.md §2.2)."""

import pytest

from auth import refresh
from auth.errors import EnrolmentEnded, RefreshRefused, StaffInactive
from auth.keys import keys_of
from auth.refresh import LIFE_MS, SignIn
from tests.integration.auth.world import KEYS, NOW, a_phone, at_once

OFFICER = "0196b000-0000-7000-8000-000000001042"
MINUTE = 60_000


@pytest.fixture
def phone(world):
    world.person(OFFICER, "officer")
    world.device(a_phone(), OFFICER)
    return a_phone()


@pytest.fixture
def first(world, phone):
    """The refresh token that the enrolment gave."""
    return world.transact(
        refresh.begin, staff_id=OFFICER, device_id=phone.device_id, ibc_id="DEF", now=NOW
    ).refresh_token


@pytest.fixture
def rotate(world, phone):
    def rotate(token, *, by=phone, proof=None, now=NOW + MINUTE, keys=KEYS):
        proof = proof or by.refresh_proof(token)
        return world.transact(refresh.rotate, keys, token=token, proof=proof, now=now)

    return rotate


def test_a_token_is_exchanged_for_another_of_the_same_sign_in(rotate, first, phone):
    second = rotate(first)

    assert isinstance(second, SignIn)
    assert second.refresh_token != first
    assert second.claims.device_id == phone.device_id
    assert second.claims.ibc_id == "DEF"
    assert rotate(second.refresh_token).family_id == second.family_id


def test_a_lost_answer_is_given_again_until_the_successor_is_used(rotate, first):
    second = rotate(first)

    again = [rotate(first, now=NOW + MINUTE * n) for n in (2, 60, 60 * 24 * 20)]

    assert again == [second] * 3
    assert isinstance(rotate(second.refresh_token), SignIn)


def test_older_reuse_ends_the_family(rotate, first):
    second = rotate(first).refresh_token
    third = rotate(second).refresh_token

    assert isinstance(rotate(first), EnrolmentEnded)
    assert isinstance(rotate(third), EnrolmentEnded)
    assert isinstance(rotate(second), EnrolmentEnded)


def test_the_last_rotation_may_be_repeated_anywhere_in_the_chain(rotate, first):
    second = rotate(first).refresh_token
    third = rotate(second).refresh_token

    assert rotate(second).refresh_token == third


@pytest.mark.parametrize(
    "wrong", ["another phone", "another token", "the enrol purpose", "nothing at all", "noise"]
)
def test_a_wrong_proof_ends_the_family(world, rotate, first, phone, wrong):
    proofs = {
        "another phone": a_phone(2).refresh_proof(first),
        "another token": phone.refresh_proof("another token"),
        "the enrol purpose": phone.enrol_proof(code="7QK2M9ZT", staff_no="S1042"),
        "nothing at all": None,
        "noise": "A" * 86,
    }

    stolen = world.transact(
        refresh.rotate, KEYS, token=first, proof=proofs[wrong], now=NOW + MINUTE
    )

    assert isinstance(stolen, EnrolmentEnded | RefreshRefused)
    assert isinstance(rotate(first), EnrolmentEnded)


def test_rotation_does_not_prolong_the_thirty_days(rotate, first):
    token = first
    for day in range(1, 30):
        token = rotate(token, now=NOW + day * 24 * 60 * MINUTE).refresh_token

    assert isinstance(rotate(token, now=NOW + LIFE_MS - 1), SignIn)
    assert isinstance(rotate(token, now=NOW + LIFE_MS), EnrolmentEnded)


def test_requests_that_race_get_the_same_successor(rotate, first):
    answers = at_once(*[lambda: rotate(first)] * 6)

    assert len({answer.refresh_token for answer in answers}) == 1
    assert isinstance(rotate(answers[0].refresh_token), SignIn)


def test_a_reuse_that_races_with_a_rotation_ends_the_family_all_the_same(rotate, first):
    second = rotate(first).refresh_token
    third = rotate(second).refresh_token

    rotated, reused = at_once(lambda: rotate(third), lambda: rotate(first))

    assert isinstance(reused, EnrolmentEnded)
    if isinstance(rotated, SignIn):
        assert isinstance(rotate(rotated.refresh_token), EnrolmentEnded)


def test_no_plain_token_is_in_the_database(world, rotate, first):
    second = rotate(first).refresh_token

    kept = str(world.rows("SELECT * FROM refresh_tokens"))

    assert first not in kept
    assert second not in kept


def test_a_changed_server_secret_refuses_the_lost_answer_and_revokes_nothing(rotate, first):
    second = rotate(first).refresh_token
    other = keys_of("another secret of the test, thirty-two bytes and more")

    assert isinstance(rotate(first, keys=other), EnrolmentEnded)
    assert isinstance(rotate(second, keys=other), SignIn)


def test_an_unknown_token_is_refused(rotate):
    assert isinstance(rotate("A" * 43), EnrolmentEnded)


def test_a_revoked_phone_gets_no_new_token_but_keeps_its_family(world, rotate, first, phone):
    world.device(phone, OFFICER, state="revoked")
    assert isinstance(rotate(first), EnrolmentEnded)

    world.device(phone, OFFICER)
    assert isinstance(rotate(first), SignIn)


def test_an_officer_without_a_card_gets_no_new_token(world, rotate, first):
    world.person(OFFICER, "officer", active=False)

    assert isinstance(rotate(first), StaffInactive)


def test_the_office_needs_no_key_but_reuse_ends_it_too(world):
    world.person(OFFICER, "cashier")
    token = world.transact(refresh.begin, staff_id=OFFICER, now=NOW).refresh_token

    def rotate(token):
        return world.transact(refresh.rotate, KEYS, token=token, proof=None, now=NOW + MINUTE)

    second = rotate(token)
    assert rotate(token) == second
    third = rotate(second.refresh_token)
    assert isinstance(rotate(token), RefreshRefused)
    assert isinstance(rotate(third.refresh_token), RefreshRefused)


def test_signing_out_ends_every_token_of_the_sign_in_and_no_other(world, rotate, first, phone):
    other = world.transact(
        refresh.begin, staff_id=OFFICER, device_id=phone.device_id, ibc_id="DEF", now=NOW
    )
    second = rotate(first).refresh_token

    world.transact(refresh.end, first, now=NOW)

    assert isinstance(rotate(second), EnrolmentEnded)
    assert isinstance(rotate(other.refresh_token), SignIn)


def test_expired_families_are_forgotten(world, rotate, first):
    rotate(first)

    assert world.transact(refresh.forget_expired, now=NOW + LIFE_MS - 1) == 0
    assert world.transact(refresh.forget_expired, now=NOW + LIFE_MS) == 2
