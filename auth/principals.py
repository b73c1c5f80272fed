"""Who is asking, read anew at every request, so that a revocation acts within seconds."""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

from sqlalchemy import Connection

from auth.cards import Card, active_cards, card_at, enrolment_of
from auth.errors import DeviceUnknown, StaffInactive, TokenRefused
from auth.refresh import has_ended
from auth.roles import ON_A_PHONE, ONLY_ON_A_PHONE, Permission, Role, permissions_of
from auth.tokens import Claims
from infra.clock import Milliseconds
from models.device import DeviceState

FRESH_MS = 2_000
"""How long an answer of the database is believed; the promise is that revocation acts in 5 s."""
REMEMBERED_MAX = 2_000
REVOKED = frozenset({Permission.HANDIN})
"""Money collected before the revocation must not vanish (ruling 8)."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A person who asks, at a desk or by a phone, with the rights of this moment."""

    staff_id: str
    staff_no: str
    cards: tuple[Card, ...]
    """For a phone the one card of its IBC, for life; at a desk every active card."""
    device_id: str | None = None
    ibc_id: str | None = None
    """The phone's IBC; None at a desk."""
    device_state: DeviceState | None = None
    public_key: str | None = None
    """The phone's key, by which its chain is signed."""

    @cached_property
    def ibc_ids(self) -> frozenset[str]:
        return frozenset(card.ibc_id for card in self.cards)

    @cached_property
    def roles(self) -> frozenset[Role]:
        """Every role anywhere; for display. Rights differ by IBC: ask `may`."""
        return frozenset().union(*(card.roles for card in self.cards))

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """Every permission anywhere; for addresses that name no IBC."""
        return frozenset().union(*(self._allowed(card) for card in self.cards))

    def permissions_at(self, ibc_id: str) -> frozenset[Permission]:
        cards = (card for card in self.cards if card.ibc_id == ibc_id)
        return frozenset().union(*(self._allowed(card) for card in cards))

    def may(self, permission: Permission, *, ibc_id: str | None = None) -> bool:
        """Whether the right is held: at that IBC, or anywhere when none is named."""
        held = self.permissions if ibc_id is None else self.permissions_at(ibc_id)
        return permission in held

    def _allowed(self, card: Card) -> frozenset[Permission]:
        if self.device_id is None:
            return permissions_of(card.roles) - ONLY_ON_A_PHONE
        if self.device_state is not DeviceState.ACTIVE:
            return REVOKED
        return permissions_of(card.roles) & ON_A_PHONE


def principal_of(connection: Connection, claims: Claims) -> Principal:
    """Read who this is now. Errors: TokenRefused, DeviceUnknown, StaffInactive."""
    if claims.family_id is not None and has_ended(connection, claims.family_id):
        raise TokenRefused
    if claims.device_id is None:
        return _at_a_desk(connection, claims)
    return _by_a_phone(connection, claims, claims.device_id)


class RecentPrincipals:
    """The last principals read, each for two seconds; shared by the threads of one process."""

    def __init__(self, *, fresh_ms: int = FRESH_MS, remembered_max: int = REMEMBERED_MAX) -> None:
        self._fresh_ms = fresh_ms
        self._remembered_max = remembered_max
        self._kept: OrderedDict[Claims, tuple[Milliseconds, Principal]] = OrderedDict()
        self._lock = Lock()

    def find(self, claims: Claims, *, now: Milliseconds) -> Principal | None:
        with self._lock:
            kept = self._kept.get(claims)
        # A clock that was set back must not keep anybody fresh for longer.
        if kept is None or not 0 <= now - kept[0] < self._fresh_ms:
            return None
        return kept[1]

    def keep(self, claims: Claims, principal: Principal, *, now: Milliseconds) -> None:
        with self._lock:
            self._kept[claims] = (now, principal)
            self._kept.move_to_end(claims)
            while len(self._kept) > self._remembered_max:
                self._kept.popitem(last=False)


def _at_a_desk(connection: Connection, claims: Claims) -> Principal:
    cards = active_cards(connection, claims.staff_id)
    if not cards:
        raise StaffInactive
    return Principal(staff_id=claims.staff_id, staff_no=cards[0].staff_no, cards=cards)


def _by_a_phone(connection: Connection, claims: Claims, device_id: str) -> Principal:
    if claims.ibc_id is None:
        raise DeviceUnknown
    enrolment = enrolment_of(connection, claims.ibc_id, device_id)
    if enrolment is None or enrolment.staff_id != claims.staff_id:
        raise DeviceUnknown
    card = card_at(connection, claims.staff_id, claims.ibc_id)
    if card is None:
        raise StaffInactive
    return Principal(
        staff_id=claims.staff_id,
        staff_no=card.staff_no,
        cards=(card,),
        device_id=device_id,
        ibc_id=claims.ibc_id,
        device_state=enrolment.state,
        public_key=enrolment.public_key,
    )
