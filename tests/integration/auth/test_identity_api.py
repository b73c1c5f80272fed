"""Identity over HTTP: enrol, lose the answer, refresh, be revoked, sign out."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask import Flask, abort, request
from flask_smorest import Api

import api.identity
from auth import blocks, tokens
from auth.access import Access, decide, mark_of
from auth.errors import AuthError
from auth.principals import Principal, principal_of
from auth.proofs import to_base64url
from infra.database import Database
from tests.integration.auth.world import KEYS, NOW, PASSWORD, PIN, SECRET_KEY, a_phone, staff_no_of

OFFICER = "0196b000-0000-7000-8000-000000001042"
CASHIER = "0196b000-0000-7000-8000-000000002001"
ADMIN = "0196b000-0000-7000-8000-000000009001"


@dataclass
class Context:
    """A stand-in for what a request reaches, with a clock that the test moves."""

    database: Database
    at: int = NOW
    principal: Principal | None = None
    settings: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(secret_key=SECRET_KEY)
    )
    parts: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(
            server_key=Ed25519PrivateKey.from_private_bytes(bytes(32)),
            outbox_key=X25519PrivateKey.from_private_bytes(bytes(32)),
        )
    )

    def now(self) -> int:
        return self.at


@pytest.fixture
def context(world, monkeypatch):
    context = Context(world.database)
    monkeypatch.setattr(api.identity, "context", lambda: context)
    return context


@pytest.fixture
def client(context):
    app = Flask(__name__)
    app.config |= {"API_TITLE": "test", "API_VERSION": "v1", "OPENAPI_VERSION": "3.1.0"}
    Api(app).register_blueprint(api.identity.blueprint)

    @app.before_request
    def default_deny():
        _, _, token = request.headers.get("Authorization", "").partition("Bearer ")
        context.principal = None
        if token:
            claims = tokens.read(KEYS, token, now=context.at)
            context.principal = context.database.transact(lambda c: principal_of(c, claims))
        view = app.view_functions[request.endpoint or "static"]
        ibc_id = (request.view_args or {}).get("code")
        match decide(view, context.principal, ibc_id=ibc_id):
            case Access.SIGN_IN:
                abort(401)
            case Access.FORBIDDEN:
                abort(403)

    @app.errorhandler(AuthError)
    def refused(error):
        return {"refused": type(error).__name__}, 418

    return app.test_client()


@pytest.fixture(autouse=True)
def people(world):
    world.person(OFFICER, "officer")
    world.person(CASHIER, "cashier")
    world.person(ADMIN, "admin")


def post(client, path, body=None, *, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post(f"/api/v1{path}", json=body, headers=headers)


def sign_in(client, staff_id, password=PASSWORD):
    body = {"staff_no": staff_no_of(staff_id), "password": password}
    return post(client, "/auth/sign-in", body)


def new_code(client, staff_id=OFFICER):
    token = sign_in(client, ADMIN).json["access_token"]
    return post(client, "/ibcs/DEF/enrolment-codes", {"staff_id": staff_id}, token=token)


def enrol(client, code, *, phone=None, **changes):
    phone, staff_no = phone or a_phone(), staff_no_of(OFFICER)
    body = {
        "code": code,
        "staff_no": staff_no,
        "pin": PIN,
        "device_id": phone.device_id,
        "public_key": phone.public_key,
        "proof": phone.enrol_proof(code=code, staff_no=staff_no),
    }
    return post(client, "/devices/enrol", body | changes)


@pytest.fixture
def enrolled(client):
    return enrol(client, new_code(client).json["code"]).json


def me(client, token):
    return client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})


def test_every_view_carries_a_mark(client):
    views = client.application.view_functions

    assert {name for name, view in views.items() if mark_of(view) is None} == {"static"}


def test_every_address_that_names_an_ibc_calls_it_code(client):
    """The access check reads that argument; under another name it would check no IBC at all."""
    rules = [rule for rule in client.application.url_map.iter_rules() if "/ibcs/" in rule.rule]

    assert len(rules) == 2
    assert all("/ibcs/<code>/" in rule.rule for rule in rules)


def test_an_enrolled_phone_has_everything_that_it_needs(world, client):
    answer = enrol(client, new_code(client).json["code"])

    assert answer.status_code == 201
    assert answer.json["device_id"] == a_phone().device_id
    assert answer.json["ibc"] == "DEF"
    assert answer.json["staff"]["staff_no"] == staff_no_of(OFFICER)
    assert answer.json["epoch"] == "epoch-DEF"
    block = {"prefix": "A0", "first_serial": 1, "last_serial": 500}
    assert block.items() <= answer.json["receipt_block"].items()
    secret = world.transact(blocks.secret_of, ibc_id="DEF", device_id=a_phone().device_id)
    assert answer.json["receipt_secret"] == to_base64url(secret)


def test_no_cache_keeps_tokens_codes_or_refusals(client):
    answers = [new_code(client), sign_in(client, CASHIER), sign_in(client, CASHIER, "wrong")]

    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store"] * 3


@pytest.mark.usefixtures("enrolled")
def test_an_enrolment_leaves_a_device_its_chain_and_its_grants(world):
    device = a_phone().device_id

    assert world.rows("SELECT id, state, version FROM devices") == [(device, "active", 1)]
    assert world.rows("SELECT device_id, last_seq FROM device_chains") == [(device, 0)]
    assert set(world.rows("SELECT holder, scope FROM grants")) == {
        (f"device:{device}", f"device:{device}"),
        (f"device:{device}", "ibc:DEF"),
        (f"officer:{OFFICER}", f"officer:{OFFICER}"),
    }
    assert world.rows("SELECT entity, origin, author_id FROM mutations") == [
        ("device", "office", OFFICER)
    ]


def test_a_lost_enrolment_answer_comes_again(world, client):
    code = new_code(client).json["code"]
    first, again = enrol(client, code).json, enrol(client, code).json

    for name in ("device_id", "receipt_secret", "receipt_block", "ibc", "staff"):
        assert again[name] == first[name]
    assert me(client, again["access_token"]).status_code == 200
    assert len(world.rows("SELECT id FROM devices")) == 1
    assert len(world.rows("SELECT prefix FROM receipt_blocks")) == 1


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"pin": "0000"}, "EnrolmentRefused"),
        ({"staff_no": "S9999"}, "ProofRefused"),
        ({"device_id": a_phone(2).device_id}, "ProofRefused"),
        ({"public_key": a_phone(2).public_key}, "ProofRefused"),
        ({"public_key": "A" * 43}, "PublicKeyRefused"),
        ({"proof": "A" * 86}, "ProofRefused"),
    ],
)
def test_an_enrolment_is_refused(client, changes, refused):
    code = new_code(client).json["code"]

    assert enrol(client, code, **changes).json == {"refused": refused}


def test_wrong_pins_are_counted_although_the_request_fails(client):
    code = new_code(client).json["code"]
    for _ in range(5):
        enrol(client, code, pin="0000")

    assert enrol(client, code).json == {"refused": "EnrolmentRefused"}


@pytest.mark.parametrize(
    "changes",
    [{"ibc": "DEF"}, {"device_id": "not-an-id"}, {"pin": 4711}, {"proof": None}, {"pin": "٤٧١١"}],
    ids=str,
)
def test_a_malformed_enrolment_is_refused_before_anything_is_counted(world, client, changes):
    code = new_code(client).json["code"]

    assert enrol(client, code, **changes).status_code == 422
    assert world.rows("SELECT tries FROM enrolment_codes") == [(0,)]


def test_a_phone_refreshes_with_its_own_signature(client, enrolled):
    token = enrolled["refresh_token"]
    body = {"refresh_token": token, "proof": a_phone().refresh_proof(token)}

    first, again = post(client, "/auth/refresh", body), post(client, "/auth/refresh", body)

    assert first.json["refresh_token"] == again.json["refresh_token"]
    assert me(client, first.json["access_token"]).json["device_id"] == a_phone().device_id


def test_a_stolen_refresh_token_ends_the_access_token_too(client, enrolled):
    stolen = {"refresh_token": enrolled["refresh_token"]}

    assert post(client, "/auth/refresh", stolen).json == {"refused": "EnrolmentEnded"}
    assert me(client, enrolled["access_token"]).json == {"refused": "TokenRefused"}


def test_a_revoked_phone_may_not_even_read_who_it_is(world, client, enrolled):
    token = sign_in(client, ADMIN).json["access_token"]
    path = f"/ibcs/DEF/devices/{enrolled['device_id']}/revoke"

    answers = [post(client, path, token=token).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert me(client, enrolled["access_token"]).status_code == 403
    assert world.rows("SELECT state, version FROM devices") == [("revoked", 2)]


def test_a_device_of_another_ibc_cannot_be_revoked(world, client, enrolled):
    world.person(ADMIN, "admin", ibc_id="GIZ")
    token = sign_in(client, ADMIN).json["access_token"]
    path = f"/ibcs/GIZ/devices/{enrolled['device_id']}/revoke"

    assert post(client, path, token=token).json == {"refused": "DeviceUnknown"}


def test_what_the_qr_says_is_the_code_and_for_whom(client):
    made = new_code(client)

    address, _, behind = made.json["link"].partition("#")
    picture = ET.fromstring(made.json["qr_svg"])

    assert address.endswith("/field/")  # no server is sent what stands behind the #
    assert behind == f"enrol/{staff_no_of(OFFICER)}/{made.json['code']}"
    # A QR of this text, and of no other: drawn again by the library it is the same picture.
    assert made.json["qr_svg"] == segno.make_qr(made.json["link"]).svg_inline(scale=4)
    assert picture.attrib["width"] == picture.attrib["height"]


@pytest.mark.parametrize("ibc", ["DEF", "GIZ", "NONE"])
def test_only_an_admin_of_this_ibc_makes_codes(client, ibc):
    cashier, admin = (sign_in(client, who).json["access_token"] for who in (CASHIER, ADMIN))
    path, body = f"/ibcs/{ibc}/enrolment-codes", {"staff_id": OFFICER}

    assert post(client, path, body).status_code == 401
    assert post(client, path, body, token=cashier).status_code == 403
    assert post(client, path, body, token=admin).status_code == (201 if ibc == "DEF" else 403)


def test_no_code_is_made_for_a_person_without_a_phone_role(client):
    assert new_code(client, CASHIER).json == {"refused": "NotEnrollable"}


@pytest.mark.parametrize(
    ("staff_id", "password"),
    [(CASHIER, "wrong"), ("0196b000-0000-7000-8000-000000009999", PASSWORD)],
)
def test_wrong_and_unknown_are_refused_alike(client, staff_id, password):
    assert sign_in(client, staff_id, password).json == {"refused": "SignInRefused"}


def test_a_locked_door_stays_shut_for_the_right_password(client, context):
    for _ in range(5):
        sign_in(client, CASHIER, "wrong")
    assert sign_in(client, CASHIER).json == {"refused": "SignInRefused"}

    context.at += 15 * 60_000
    assert sign_in(client, CASHIER).status_code == 200


def test_signing_out_acts_at_once_and_may_be_repeated(client):
    tokens_given = sign_in(client, CASHIER).json
    body = {"refresh_token": tokens_given["refresh_token"]}

    answers = [post(client, "/auth/sign-out", body).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert me(client, tokens_given["access_token"]).json == {"refused": "TokenRefused"}
    assert post(client, "/auth/refresh", body).json == {"refused": "RefreshRefused"}


def test_a_person_sees_what_they_may_do_where(client):
    answer = me(client, sign_in(client, CASHIER).json["access_token"]).json

    assert answer["staff"]["id"] == CASHIER
    assert answer["device_id"] is None
    assert [(card["ibc"], card["roles"]) for card in answer["cards"]] == [("DEF", ["cashier"])]
    assert "handle_cash" in answer["cards"][0]["permissions"]


def test_an_access_token_runs_out(client, context):
    token = sign_in(client, CASHIER).json["access_token"]
    context.at += tokens.LIFE_SECONDS * 1000

    assert me(client, token).json == {"refused": "TokenExpired"}
