"""Enrolment under guessing, racing and lost answers."""

import pytest

from auth import blocks, credentials, enrolment
from auth.credentials import FAILURES_MAX, LOCKED_MS, Checked
from auth.enrolment import CODE_LIFE_MS, TRIES_MAX, Enrolled
from auth.errors import EnrolmentRefused, NotEnrollable
from tests.integration.auth.world import KEYS, NOW, a_phone, at_once

OFFICER = "0196b000-0000-7000-8000-000000001042"
COLLEAGUE = "0196b000-0000-7000-8000-000000001043"
ADMIN = "0196b000-0000-7000-8000-000000009001"
RIGHT, WRONG = Checked(OFFICER, True), Checked(OFFICER, False)


@pytest.fixture
def code(world):
    world.person(OFFICER, "officer")
    world.person(COLLEAGUE, "officer")
    return make_code(world)


def make_code(world, staff_id=OFFICER, **changes):
    given = {"ibc_id": "DEF", "staff_id": staff_id, "created_by": ADMIN, "now": NOW} | changes
    return world.transact(enrolment.create_code, KEYS, **given).code


def use(world, code, *, phone=None, pin=RIGHT, now=NOW):
    """Use the code and write the device in the same transaction, as the API does."""
    phone = phone or a_phone()

    def work(connection):
        enrolled = enrolment.use_code(
            connection,
            KEYS,
            code=code,
            pin=pin,
            public_key=phone.public_key,
            device_id=phone.device_id,
            now=now,
        )
        if isinstance(enrolled, Enrolled) and not enrolled.repeated:
            connection.exec_driver_sql(
                "INSERT INTO devices (ibc_id, id, version, author_id, occurred_at, received_at,"
                " staff_id, public_label, public_key, state) VALUES"
                f" ('DEF', '{enrolled.device_id}', 1, 'test', 0, 0, '{OFFICER}', 'phone',"
                f" '{phone.public_key}', 'active')"
            )
        return enrolled

    return world.database.transact(work)


def test_a_code_turns_a_phone_into_a_device(world, code):
    enrolled = use(world, code)

    assert isinstance(enrolled, Enrolled)
    assert (enrolled.ibc_id, enrolled.device_id) == ("DEF", a_phone().device_id)
    assert enrolled.card.staff_id == OFFICER
    assert not enrolled.repeated


@pytest.mark.parametrize("spelling", [str.lower, lambda code: f" {code[:4]}-{code[4:]} "])
def test_a_code_may_be_typed_as_people_type(world, code, spelling):
    assert isinstance(use(world, spelling(code)), Enrolled)


def test_a_lost_answer_does_not_burn_the_code(world, code):
    use(world, code)

    again = use(world, code)

    assert again.repeated
    assert again.device_id == a_phone().device_id


def test_a_lost_answer_comes_back_to_a_phone_that_forgot_its_device_id(world, code):
    phone = a_phone()
    use(world, code, phone=phone)
    forgetful = type(phone)(a_phone(7).device_id, phone.key)

    again = use(world, code, phone=forgetful)

    assert (again.repeated, again.device_id) == (True, phone.device_id)


def test_another_phone_cannot_use_a_used_code(world, code):
    use(world, code)

    assert isinstance(use(world, code, phone=a_phone(2)), EnrolmentRefused)


def test_a_lost_answer_is_not_repeated_to_a_revoked_phone(world, code):
    use(world, code)
    world.device(a_phone(), OFFICER, state="revoked")

    assert isinstance(use(world, code), EnrolmentRefused)


def test_a_lost_answer_is_not_repeated_after_the_codes_life(world, code):
    use(world, code)

    assert isinstance(use(world, code, now=NOW + CODE_LIFE_MS), EnrolmentRefused)


def test_of_phones_that_race_one_wins(world, code):
    phones = [a_phone(number) for number in range(1, 5)]

    answers = at_once(*[lambda phone=phone: use(world, code, phone=phone) for phone in phones])

    assert sum(isinstance(answer, Enrolled) for answer in answers) == 1
    assert len(world.rows("SELECT id FROM devices")) == 1


def test_the_same_phone_racing_with_itself_is_one_device(world, code):
    answers = at_once(*[lambda: use(world, code)] * 4)

    assert sorted(answer.repeated for answer in answers) == [False, True, True, True]
    assert len(world.rows("SELECT id FROM devices")) == 1


def test_five_wrong_tries_burn_a_code(world, code):
    for number in range(TRIES_MAX):
        now = NOW + number * LOCKED_MS
        assert isinstance(use(world, code, pin=WRONG, now=now), EnrolmentRefused)

    later = NOW + (TRIES_MAX + 1) * LOCKED_MS
    assert isinstance(use(world, code, now=later), EnrolmentRefused)


def test_four_wrong_tries_do_not(world, code):
    for _ in range(TRIES_MAX - 1):
        use(world, code, pin=WRONG)

    assert isinstance(use(world, code), Enrolled)


def test_guessing_codes_with_a_right_pin_locks_the_person(world, code):
    for number in range(FAILURES_MAX):
        assert isinstance(use(world, f"AAAA000{number}"), EnrolmentRefused)

    assert isinstance(use(world, code), EnrolmentRefused)
    assert isinstance(use(world, code, now=NOW + LOCKED_MS), Enrolled)


def test_a_code_is_bound_to_its_person(world, code):
    assert isinstance(use(world, code, pin=Checked(COLLEAGUE, True)), EnrolmentRefused)


def test_a_code_needs_a_known_person(world, code):
    assert isinstance(use(world, code, pin=Checked(None, False)), EnrolmentRefused)


def test_a_code_runs_out(world, code):
    assert isinstance(use(world, code, now=NOW + CODE_LIFE_MS), EnrolmentRefused)


def test_nobody_makes_a_code_that_lives_longer_than_a_day(world):
    world.person(OFFICER, "officer")
    long = make_code(world, life_ms=CODE_LIFE_MS * 30)

    assert isinstance(use(world, long, now=NOW + CODE_LIFE_MS), EnrolmentRefused)


def test_a_new_code_ends_the_one_before(world, code):
    newer = make_code(world)

    assert isinstance(use(world, code), EnrolmentRefused)
    assert isinstance(use(world, newer), Enrolled)


def test_a_device_id_is_enrolled_once(world, code):
    use(world, code)
    newer = make_code(world)
    thief = type(a_phone())(a_phone().device_id, a_phone(2).key)

    assert isinstance(use(world, newer, phone=thief), EnrolmentRefused)


def test_a_person_who_lost_the_card_cannot_enrol(world, code):
    world.person(OFFICER, "officer", active=False)

    assert isinstance(use(world, code), EnrolmentRefused)


@pytest.mark.parametrize(
    ("roles", "active", "ibc_id"),
    [
        (["cashier"], True, "DEF"),
        (["officer", "cashier"], True, "DEF"),
        (["officer"], False, "DEF"),
        (["officer"], True, "GIZ"),
        ([], True, "DEF"),
    ],
)
def test_codes_are_made_only_for_people_who_work_on_a_phone_here(world, roles, active, ibc_id):
    world.person(OFFICER, *roles, active=active, ibc_id=ibc_id)

    with pytest.raises(NotEnrollable):
        make_code(world)


def test_no_plain_code_is_in_the_database(world, code):
    assert code not in str(world.rows("SELECT * FROM enrolment_codes"))


@pytest.mark.usefixtures("code")
def test_expired_codes_are_forgotten(world):
    assert world.transact(enrolment.forget_expired_codes, now=NOW) == 0
    assert world.transact(enrolment.forget_expired_codes, now=NOW + CODE_LIFE_MS) == 1


def issue(world, device_id):
    return world.transact(blocks.issue_block, ibc_id="DEF", device_id=device_id, now=NOW)


def test_blocks_given_at_once_never_share_a_prefix(world):
    given = at_once(*[lambda n=n: [issue(world, f"d-{n}") for _ in range(5)] for n in range(6)])

    prefixes = [block.prefix for each in given for block in each]
    assert len(set(prefixes)) == 30
    assert {(block.first_serial, block.last_serial) for block in given[0]} == {(1, 500)}


def test_the_newest_block_is_the_last_that_was_given(world):
    issue(world, "d-1")
    issue(world, "d-2")
    last = issue(world, "d-1")

    assert world.transact(blocks.newest_block, ibc_id="DEF", device_id="d-1") == last
    assert world.transact(blocks.newest_block, ibc_id="DEF", device_id="d-9") is None


def test_a_receipt_secret_is_kept_as_it_was_made(world):
    secret = world.transact(blocks.make_secret, ibc_id="DEF", device_id="d-1")

    assert len(secret) == 32
    assert world.transact(blocks.secret_of, ibc_id="DEF", device_id="d-1") == secret
    assert world.transact(blocks.secret_of, ibc_id="DEF", device_id="d-2") is None


def test_a_right_pin_forgets_earlier_failures(world, code):
    for _ in range(FAILURES_MAX - 1):
        use(world, "AAAA0000", pin=WRONG)
    use(world, code)
    for _ in range(FAILURES_MAX - 1):
        world.transact(credentials.stands, WRONG, now=NOW)

    assert world.transact(credentials.stands, RIGHT, now=NOW)
