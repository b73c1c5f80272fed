"""Schemathesis asks every documented operation odd things: never our fault, always as documented."""

from types import SimpleNamespace

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from auth import tokens
from auth.keys import keys_of
from auth.tokens import Claims
from tests.building import NOW, a_phone, a_put, a_visit, office_write
from tests.integration.office.conftest import SECRET_KEY

EXAMPLES = 12
"""For each operation; more is for the nightly."""
PROMISES = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
AT_THE_DOOR = {
    "/imports/": "billing_feed",
    "/import-files": "billing_feed",
    "/exports/resends": "finance",
    "/exports": "billing_feed",
    "/billing-answers": "billing_feed",
    "/tie-outs": "billing_feed",
    "/enrolment-codes": "admin",
    "/devices/": "admin",
    "/receipt-blocks/": "admin",
    "/v1/attachments": "phone",
}
"""Part of an address → who may ask it; the manager may ask the rest."""


@schemathesis.serializer("application/x-ndjson", "application/offset+octet-stream", "text/csv")
def as_it_is(_context, value):
    return value if isinstance(value, bytes) else str(value).encode()


def test_no_documented_operation_meets_our_fault(app, desk, two_ibcs, ibc, books, database):
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    people = {role: desk(role) for role in ("ibc_manager", "billing_feed", "finance", "admin")}
    people["phone"] = a_signed_in_phone(database, ibc)
    known = {
        "code": "DEF",
        "account_no": ibc.accounts[0],
        "round_id": ibc.round_id,
        "mutation_id": books["paid_mutation"],
        "entity": "bill",
        "case_id": two_at_one_stop(database, ibc, people["ibc_manager"]),
    }

    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        role = next((r for word, r in AT_THE_DOOR.items() if word in operation.path), "ibc_manager")
        ask_odd_things(operation, people[role].token, known)
        asked += 1

    assert asked == 158


def a_signed_in_phone(database, ibc):
    """An officer's phone, which alone may send files."""
    phone = a_phone(database, ibc, name="8")
    card = a_put("staff", phone.officer_id, staff_no="OF8", roles=["officer"], active=True)
    device = a_put("device", phone.device_id, staff_id=phone.officer_id, state="active")
    office_write(database, ibc.code, card, device)
    claims = Claims(staff_id=phone.officer_id, device_id=phone.device_id, ibc_id=ibc.code)
    return SimpleNamespace(token=tokens.issue(keys_of(SECRET_KEY), claims, now=NOW))


def two_at_one_stop(database, ibc, manager):
    """A case of the desk."""
    for officer in (0, 1):
        phone = a_phone(database, ibc, officer, name="9")
        phone.push(phone.put("visit", a_visit(ibc.accounts[0], stop_id=ibc.stops[0])))
    [case] = manager.all("/conflicts")
    return case["id"]


def ask_odd_things(operation, token, known):
    good, bad = (
        operation.as_strategy(generation_mode=mode)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    )

    # Schemathesis does not unpack zstd.
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=some.one_of(good, bad), real=some.sampled_from([(), ("code",), tuple(known)]))
    def ask(case, real):
        for name in real:
            if name in case.path_parameters:
                case.path_parameters[name] = known[name]
        case.call_and_validate(checks=PROMISES, headers=headers)

    ask()
