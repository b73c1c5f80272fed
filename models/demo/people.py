"""The 107 people of the demonstration's office, and the published secrets by which they sign in."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from infra.ids import derived_id
from models.demo.names import Families
from models.demo.record import Record


class Post(NamedTuple):
    """A kind of work at the office and how many people do it."""

    first_no: str
    people: int
    role: str | None
    """What it may do here; None for those who work with their hands and never sign in."""
    grade: str


POSTS = (
    Post("O1001", 30, "officer", "G-5"),
    Post("C2001", 6, "cashier", "G-6"),
    Post("R3001", 4, "reconciler", "G-7"),
    Post("S4001", 6, "supervisor", "G-8"),
    Post("M5001", 1, "ibc_manager", "G-11"),
    Post("F6001", 2, "finance", "G-9"),
    Post("A7001", 2, "auditor", "G-9"),
    Post("H8001", 12, "call_centre_118", "G-5"),
    Post("D9001", 2, "admin", "G-8"),
    Post("B9501", 1, "billing_feed", "SERVICE"),
    Post("L1101", 22, None, "G-3"),  # line crew
    Post("T1201", 12, None, "G-4"),  # meter technicians
    Post("V1301", 7, None, "G-2"),  # drivers
)
RETIRED = frozenset({"L1122", "H8012"})
"""Cards that are kept for old records, of people who may not sign in any more."""
EVERYWHERE = {"urdu": 40, "pashtun": 14, "punjabi": 16, "baloch": 12, "sindhi": 10, "christian": 8}
STAFF_SEED = 107
"""Staff are the same whatever the seed of the consumers, so that a manual may name them."""


class DemoCredential(NamedTuple):
    """How one person of the demonstration signs in; published, so never for a real office."""

    staff_id: str
    staff_no: str
    role: str
    password: str | None
    """For those who sign in at the office."""
    pin: str | None
    """For officers, who enrol a phone."""


def staff() -> Iterator[Record]:
    """A card for everybody who works at the office."""
    dice = Random(STAFF_SEED)  # noqa: S311  # must repeat, need not surprise
    families = Families(EVERYWHERE)
    for staff_no, post in _posted():
        name = families.person(dice)
        if post.role == "billing_feed":
            name = name._replace(latin="Billing feed", urdu="بلنگ فیڈ")
        yield Record(
            "staff",
            staff_id(staff_no),
            {
                "staff_no": staff_no,
                "name": name.latin,
                "name_ur": name.urdu,
                "roles": [post.role] if post.role else [],
                "grade": post.grade,
                "active": staff_no not in RETIRED,
            },
        )


def staff_id(staff_no: str) -> str:
    """The person's id: without the IBC, because a person keeps it from one IBC to the next."""
    return derived_id("staff", staff_no)


def officer_numbers() -> list[str]:
    return [staff_no for staff_no, post in _posted() if post.role == "officer"]


def demo_credentials() -> list[DemoCredential]:
    """Everybody who may sign in: officers by a PIN, the office by a passphrase."""
    return [
        _credential(staff_no, post.role)
        for staff_no, post in _posted()
        if post.role and staff_no not in RETIRED
    ]


def _credential(staff_no: str, role: str) -> DemoCredential:
    if role == "officer":
        return DemoCredential(staff_id(staff_no), staff_no, role, None, f"47{staff_no[1:]}")
    passphrase = f"demo passphrase of {staff_no}"
    return DemoCredential(staff_id(staff_no), staff_no, role, passphrase, None)


def _posted() -> Iterator[tuple[str, Post]]:
    for post in POSTS:
        letter, first = post.first_no[0], int(post.first_no[1:])
        for number in range(first, first + post.people):
            yield f"{letter}{number}", post
