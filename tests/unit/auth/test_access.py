"""Default deny, as a table of views and principals."""

import functools

import pytest

from auth.access import Access, decide, mark_of, public, requires
from auth.cards import Card
from auth.principals import Principal, RecentPrincipals
from auth.roles import Permission, Role
from auth.tokens import Claims
from models.device import DeviceState


def card(*roles: Role, ibc_id: str = "DEF") -> Card:
    return Card(ibc_id, "staff-1", "S2001", "Sana", "ثنا", frozenset(roles))


def at_a_desk(*cards: Card) -> Principal:
    return Principal(staff_id="staff-1", staff_no="S2001", cards=cards)


def by_phone(*roles: Role, state: DeviceState = DeviceState.ACTIVE) -> Principal:
    return Principal(
        staff_id="staff-1",
        staff_no="S2001",
        cards=(card(*roles),),
        device_id="device-1",
        ibc_id="DEF",
        device_state=state,
    )


def unmarked(): ...


@public
def open_to_all(): ...


@requires(Permission.SYNC)
def sync(): ...


@requires(Permission.HANDIN)
def handin(): ...


@requires(Permission.READ_BOOKS)
def books(): ...


@requires(Permission.READ_BOOKS, Permission.MANAGE_ROUNDS)
def both(): ...


FINANCE, ADMIN = at_a_desk(card(Role.FINANCE)), at_a_desk(card(Role.ADMIN))
OFFICER = by_phone(Role.OFFICER)
REVOKED = by_phone(Role.OFFICER, state=DeviceState.REVOKED)
MANAGER_ON_A_PHONE = by_phone(Role.IBC_MANAGER)
TWO_IBCS = at_a_desk(card(Role.FINANCE), card(Role.CALL_CENTRE_118, ibc_id="GIZ"))


@pytest.mark.parametrize(
    ("view", "principal", "ibc_id", "access"),
    [
        (unmarked, None, None, Access.FORBIDDEN),
        (unmarked, FINANCE, None, Access.FORBIDDEN),
        (open_to_all, None, None, Access.ALLOWED),
        (open_to_all, REVOKED, None, Access.ALLOWED),
        (sync, None, None, Access.SIGN_IN),
        (sync, OFFICER, None, Access.ALLOWED),
        (sync, REVOKED, None, Access.FORBIDDEN),
        (sync, at_a_desk(card(Role.OFFICER)), None, Access.FORBIDDEN),
        (handin, REVOKED, None, Access.ALLOWED),
        (handin, ADMIN, None, Access.ALLOWED),
        (books, None, "DEF", Access.SIGN_IN),
        (books, FINANCE, "DEF", Access.ALLOWED),
        (books, FINANCE, "GIZ", Access.FORBIDDEN),
        (books, FINANCE, "NONE", Access.FORBIDDEN),
        (books, TWO_IBCS, "GIZ", Access.FORBIDDEN),
        (books, TWO_IBCS, "DEF", Access.ALLOWED),
        (books, ADMIN, "DEF", Access.FORBIDDEN),
        (books, MANAGER_ON_A_PHONE, "DEF", Access.FORBIDDEN),
        (books, at_a_desk(card(Role.FINANCE, Role.ADMIN)), "DEF", Access.FORBIDDEN),
        (both, FINANCE, "DEF", Access.FORBIDDEN),
        (both, at_a_desk(card(Role.IBC_MANAGER)), "DEF", Access.ALLOWED),
    ],
)
def test_who_may_call_what(view, principal, ibc_id, access):
    assert decide(view, principal, ibc_id=ibc_id) is access


def test_a_revoked_phone_may_only_hand_in():
    assert REVOKED.permissions == {Permission.HANDIN}


def test_the_mark_survives_decorators():
    @functools.wraps(books)
    def wrapped(): ...

    assert mark_of(wrapped) == mark_of(books)


def test_two_marks_on_one_view_are_a_mistake():
    with pytest.raises(AssertionError, match="two access marks"):
        public(requires(Permission.SYNC)(lambda: None))


def test_a_mark_that_needs_nothing_is_a_mistake():
    with pytest.raises(AssertionError, match="@public"):
        requires()


def test_a_principal_is_remembered_for_two_seconds_and_no_longer():
    recent, claims = RecentPrincipals(), Claims(staff_id="staff-1")
    recent.keep(claims, FINANCE, now=10_000)

    assert recent.find(claims, now=11_999) is FINANCE
    assert recent.find(claims, now=12_000) is None
    assert recent.find(claims, now=9_999) is None
    assert recent.find(Claims(staff_id="staff-1", device_id="device-1"), now=10_000) is None


def test_only_so_many_principals_are_remembered():
    recent = RecentPrincipals(remembered_max=3)
    everyone = [Claims(staff_id=f"staff-{n}") for n in range(5)]
    for claims in everyone:
        recent.keep(claims, FINANCE, now=0)

    found = [recent.find(claims, now=0) is not None for claims in everyone]

    assert found == [False, False, True, True, True]
