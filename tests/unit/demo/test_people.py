"""Who works in the demonstration's office, what they are called and how they sign in."""

import re
import unicodedata
from collections import Counter
from itertools import combinations

import pytest

from models.demo import demo_credentials
from models.demo.localities import LOCALITIES, counts
from models.demo.names import COMMUNITIES, MEN, TRADES, WOMEN, Name
from models.demo.people import officer_numbers, staff

FAMILIES = [name for community in COMMUNITIES.values() for name in community.families]
ARABIC = re.compile(r"[\u0620-\u064a\u0670-\u06d3\u06d5 \u064b-\u0652]+")
PLACES = [Name(place.name, place.name_ur) for place in LOCALITIES]


def roles() -> Counter[str]:
    return Counter(role for card in staff() for role in card.fields["roles"])  # type: ignore[attr-defined]  # wire value


def test_the_office_has_107_people_of_whom_30_are_officers() -> None:
    assert len(list(staff())) == 107
    assert roles()["officer"] == 30
    assert officer_numbers() == [f"O{number}" for number in range(1001, 1031)]


@pytest.mark.parametrize(
    "role",
    [
        "officer",
        "cashier",
        "reconciler",
        "supervisor",
        "ibc_manager",
        "finance",
        "auditor",
        "call_centre_118",
        "admin",
        "billing_feed",
    ],
)
def test_somebody_can_sign_in_for(role: str) -> None:
    assert any(credential.role == role for credential in demo_credentials())


def test_nobody_has_two_roles() -> None:
    assert all(len(card.fields["roles"]) < 2 for card in staff())  # type: ignore[arg-type]  # wire value


def test_officers_have_a_pin_and_the_office_a_passphrase_and_nobody_both() -> None:
    for credential in demo_credentials():
        assert (credential.pin is None) == (credential.role != "officer")
        assert (credential.password is None) == (credential.role == "officer")


def test_credentials_are_of_active_cards() -> None:
    active = {card.id: card.fields["staff_no"] for card in staff() if card.fields["active"]}

    assert all(active[c.staff_id] == c.staff_no for c in demo_credentials())


def test_there_are_names_enough() -> None:
    assert len(set(MEN)) >= 60
    assert len(set(WOMEN)) >= 40
    assert len({family.latin for family in FAMILIES}) >= 50


@pytest.mark.parametrize("name", {*MEN, *WOMEN, *FAMILIES, *TRADES, *PLACES}, ids=lambda n: n.latin)
def test_a_name_is_spelled_in_both_scripts(name: Name) -> None:
    assert re.fullmatch(r"[A-Za-z& ]+", name.latin)
    assert ARABIC.fullmatch(name.urdu)
    assert unicodedata.is_normalized("NFC", name.urdu)


def test_every_community_is_shared_out_in_full() -> None:
    for place in LOCALITIES:
        assert sum(place.communities.values()) == 100
        assert place.communities.keys() <= COMMUNITIES.keys()


def test_localities_share_all_consumers_and_all_officers() -> None:
    assert sum(place.share_percent for place in LOCALITIES) == 100
    assert sum(place.officers for place in LOCALITIES) == len(officer_numbers())
    assert sum(counts(80_000)) == 80_000
    assert sum(counts(7)) == 7


def test_no_two_localities_overlap() -> None:
    for one, two in combinations((place.box for place in LOCALITIES), 2):
        apart = one.north <= two.south or two.north <= one.south
        assert apart or one.east <= two.west or two.east <= one.west
