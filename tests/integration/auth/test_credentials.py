"""The door locks after five wrong tries, however they come."""

from concurrent.futures import wait

import pytest

from auth import credentials
from auth.credentials import FAILURES_MAX, LOCKED_MS, Checked, Proof
from auth.errors import SignInRefused, StaffInactive
from tests.integration.auth.world import NOW, PASSWORD, PIN, at_once, staff_no_of
from tests.threads import Threads

PERSON = "0196b000-0000-7000-8000-000000002001"
RIGHT, WRONG = Checked(PERSON, True), Checked(PERSON, False)


@pytest.fixture(autouse=True)
def person(world):
    world.person(PERSON, "cashier")


def sign_in(world, checked, *, now=NOW):
    return world.transact(credentials.sign_in, checked, now=now)


@pytest.mark.parametrize(
    ("proof", "secret", "correct"),
    [
        (Proof.PASSWORD, PASSWORD, True),
        (Proof.PIN, PIN, True),
        (Proof.PASSWORD, PIN, False),
        (Proof.PIN, PASSWORD, False),
    ],
)
def test_a_kept_secret_is_found_and_compared(world, proof, secret, correct):
    known = world.transact(credentials.find, staff_no_of(PERSON))

    assert credentials.check(known, proof, secret) == Checked(PERSON, correct)


def test_nobody_is_found_by_an_unknown_number(world):
    assert world.transact(credentials.find, "S0000") is None


def test_the_right_password_signs_in(world):
    assert sign_in(world, RIGHT) == PERSON


def test_a_stranger_is_refused_like_anybody(world):
    assert str(sign_in(world, Checked(None, False))) == str(sign_in(world, WRONG))


def test_five_wrong_tries_lock_the_door_for_fifteen_minutes(world):
    for _ in range(FAILURES_MAX):
        assert isinstance(sign_in(world, WRONG), SignInRefused)

    assert isinstance(sign_in(world, RIGHT, now=NOW + LOCKED_MS - 1), SignInRefused)
    assert sign_in(world, RIGHT, now=NOW + LOCKED_MS) == PERSON


def test_four_wrong_tries_do_not_and_the_right_one_forgets_them(world):
    for _ in range(3):
        for _ in range(FAILURES_MAX - 1):
            sign_in(world, WRONG)

        assert sign_in(world, RIGHT) == PERSON


def test_guesses_sent_at_once_are_counted_one_after_the_other(world):
    at_once(*[lambda: sign_in(world, WRONG)] * 8)

    assert isinstance(sign_in(world, RIGHT), SignInRefused)


def test_a_right_guess_beside_the_fifth_wrong_one_waits_for_its_count(world):
    for _ in range(FAILURES_MAX - 1):
        sign_in(world, WRONG)

    with Threads(1) as thread:
        with world.database.write() as connection:
            credentials.stands(connection, WRONG, now=NOW)
            beside = thread.submit(sign_in, world, RIGHT)
            # Time enough to slip through, if nothing held it back.
            wait([beside], timeout=0.3)

        assert isinstance(beside.result(), SignInRefused)


def test_a_person_without_an_active_card_is_told_so_only_with_the_right_password(world):
    world.person(PERSON, "cashier", active=False)

    assert isinstance(sign_in(world, WRONG), SignInRefused)
    assert isinstance(sign_in(world, RIGHT), StaffInactive)
