"""The demonstration's doors: sign-ins that are published, tokens without a phone; for demo data only."""

from typing import Any

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.context import context
from api.enrolment import create_device, enrolment_answer, token_pair
from auth import refresh
from auth.cards import active_cards
from auth.enrolment import Enrolled
from auth.proofs import to_base64url
from auth.roles import Role
from infra.clock import now_ms
from infra.ids import new_id
from models.demo import IBC_CODE, DemoCredential, demo_credentials


def sign_in_lines() -> list[str]:
    """One person of each role, and how he signs in."""
    lines = []
    for role in Role:
        person = _person(None, role.value)
        secret = f"PIN {person.pin}" if person.pin else f"password: {person.password}"
        lines.append(f"{person.staff_no:8}{role.value:18}{secret}")
    return lines


def demo_token(staff_no: str | None, role: str | None) -> dict[str, Any]:
    """A token of the person; an officer's belongs to a device that is enrolled for it at once."""
    if not context().settings.demo:
        raise click.ClickException("this installation does not hold demonstration data")
    person = _person(staff_no, role)
    with context().database.write() as connection:
        now = now_ms()
        if person.role != Role.OFFICER:
            sign_in = refresh.begin(connection, staff_id=person.staff_id, now=now)
            return {"staff_no": person.staff_no, **token_pair(context().keys, sign_in, now=now)}
        key = Ed25519PrivateKey.generate()
        public_key = to_base64url(key.public_key().public_bytes_raw())
        card = active_cards(connection, person.staff_id)[0]
        enrolled = Enrolled(ibc_id=IBC_CODE, device_id=new_id(), card=card, repeated=False)
        create_device(connection, enrolled, public_key, now=now)
        answer = enrolment_answer(connection, context().keys, enrolled, now=now)
    return {
        "staff_no": person.staff_no,
        "private_key": to_base64url(key.private_bytes_raw()),
        **answer,
    }


def _person(staff_no: str | None, role: str | None) -> DemoCredential:
    for person in demo_credentials():
        if person.staff_no == staff_no or person.role == role:
            return person
    raise click.ClickException(f"nobody of the demonstration is {staff_no or role}")
