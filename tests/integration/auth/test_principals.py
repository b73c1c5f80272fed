"""Rights are read anew: what the office changes acts at once, whatever the token says."""

import pytest

from auth import refresh
from auth.errors import DeviceUnknown, StaffInactive, TokenRefused
from auth.principals import principal_of
from auth.roles import Permission, Role
from auth.tokens import Claims
from models.device import DeviceState
from tests.integration.auth.world import NOW, a_phone

PERSON = "0196b000-0000-7000-8000-000000001042"
PHONE = Claims(staff_id=PERSON, device_id=a_phone().device_id, ibc_id="DEF")
DESK = Claims(staff_id=PERSON)


@pytest.fixture(autouse=True)
def officer(world):
    world.person(PERSON, "officer")
    world.device(a_phone(), PERSON)


def test_an_officers_phone_may_sync(world):
    principal = world.transact(principal_of, PHONE)

    assert principal.permissions == {Permission.SYNC, Permission.HANDIN, Permission.READ_SELF}
    assert (principal.ibc_id, principal.ibc_ids) == ("DEF", {"DEF"})
    assert principal.device_state is DeviceState.ACTIVE


def test_a_revoked_phone_may_only_hand_in(world):
    world.device(a_phone(), PERSON, state="revoked")

    assert world.transact(principal_of, PHONE).permissions == {Permission.HANDIN}


def test_the_same_person_at_a_desk_may_not_sync(world):
    principal = world.transact(principal_of, DESK)

    assert not principal.may(Permission.SYNC)
    assert principal.roles == {Role.OFFICER}


def test_roles_of_one_ibc_give_nothing_at_another(world):
    world.person(PERSON, "finance", ibc_id="GIZ")

    principal = world.transact(principal_of, DESK)

    assert principal.ibc_ids == {"DEF", "GIZ"}
    assert principal.may(Permission.READ_BOOKS, ibc_id="GIZ")
    assert not principal.may(Permission.READ_BOOKS, ibc_id="DEF")
    assert not world.transact(principal_of, PHONE).may(Permission.READ_BOOKS)


def test_a_person_whose_card_ended_is_nobody(world):
    world.person(PERSON, "officer", active=False)

    for claims in (PHONE, DESK):
        with pytest.raises(StaffInactive):
            world.transact(principal_of, claims)


@pytest.mark.parametrize(
    "claims",
    [
        Claims(staff_id=PERSON, device_id=a_phone(2).device_id, ibc_id="DEF"),
        Claims(staff_id=PERSON, device_id=a_phone().device_id, ibc_id="GIZ"),
        Claims(staff_id=PERSON, device_id=a_phone().device_id),
        Claims(staff_id="somebody else", device_id=a_phone().device_id, ibc_id="DEF"),
    ],
    ids=["another phone", "another IBC", "no IBC", "another person"],
)
def test_a_phone_that_is_not_this_persons_here_is_unknown(world, claims):
    with pytest.raises(DeviceUnknown):
        world.transact(principal_of, claims)


def test_signing_out_ends_the_access_token_too(world):
    signed_in = world.transact(refresh.begin, staff_id=PERSON, now=NOW)
    assert world.transact(principal_of, signed_in.claims).staff_id == PERSON

    world.transact(refresh.end, signed_in.refresh_token, now=NOW)

    with pytest.raises(TokenRefused):
        world.transact(principal_of, signed_in.claims)
