"""Is this receipt genuine? For anybody who holds the paper, by a program or on a page (users.md item 3)."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import flask
from flask import Response, g, render_template, request, send_from_directory

from api.blueprint import Blueprint
from api.context import context
from auth.access import public
from auth.receipt_qr import Printed
from infra.clock import from_rfc3339
from schemas.receipts import VerifiedSchema, VerifyWrite
from schemas.records import errors_of
from sync.receipt_proof import Proof, prove

blueprint = Blueprint(
    "receipts", __name__, url_prefix="/api/v1/receipts", description="Is a receipt genuine?"
)
FOLDER = Path(__file__).parent / "receipt_page"
page = flask.Blueprint("receipt_page", __name__, url_prefix="/r", template_folder="receipt_page")
PRINTED_ZONE = ZoneInfo("Asia/Karachi")
"""The clock on the paper: Pakistan has one time zone and no summer time."""
PAISA_PER_RUPEE = 100
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
WORDS: Mapping[Proof | None, tuple[str, str]] = {
    Proof.RECEIVED: (
        "یہ رسید اصلی ہے اور ادائیگی دفتر کو مل چکی ہے۔",
        "This receipt is genuine and the payment has reached the office.",
    ),
    Proof.NOT_RECEIVED_YET: (
        "یہ رسید اصلی ہے؛ ادائیگی ابھی دفتر تک نہیں پہنچی۔ رسید سنبھال کر رکھیں۔",
        "This receipt is genuine; the payment has not reached the office yet. Keep the paper.",
    ),
    Proof.NOT_GENUINE: (
        "یہ تفصیل ہماری کسی رسید سے نہیں ملتی۔ دوبارہ دیکھ کر لکھیں، یا 118 پر کال کریں۔",
        "This matches no receipt of ours. Check what you typed, or call 118.",
    ),
    Proof.VOID: (
        "یہ رسید منسوخ ہو چکی ہے۔ 118 پر کال کریں۔",
        "This receipt was cancelled. Call 118.",
    ),
    Proof.AFTER_REVOCATION: (
        "یہ رسید ایسے فون سے دی گئی جو بند کیا جا چکا تھا۔ 118 پر کال کریں۔",
        "This receipt came from a phone that had been blocked. Call 118.",
    ),
    None: (
        "کچھ خانے درست نہیں۔ رسید سے دیکھ کر لکھیں۔",
        "Some fields are not right. Copy them from the paper.",
    ),
}


@blueprint.route("/verify", methods=["POST"])
@public
@blueprint.arguments(VerifyWrite)
@blueprint.response(200, VerifiedSchema)
def verify_receipt(asked: dict[str, Any]) -> dict[str, str]:
    """Whether a printed receipt is genuine, and whether it has arrived

    Five wrong tries for one number from one address, then wait.
    """
    return {"answer": _proof(asked).value}


@page.route("/<no>", methods=["GET"])
@public
def show_form(no: str) -> Response:
    """The page that the link on a receipt leads to."""
    return _page(no, {}, None)


@page.route("/<no>", methods=["POST"])
@public
def show_answer(no: str) -> Response:
    """The same page with the answer."""
    typed = {
        name: request.form.get(name, "").strip() for name in ("account", "amount", "at", "code")
    }
    asked = _asked(no, typed)
    if errors_of(VerifyWrite, asked):
        return _page(no, typed, WORDS[None])
    return _page(no, typed, WORDS[_proof(VerifyWrite().load(asked))])


@page.route("/style.css", methods=["GET"])
@public
def style() -> Response:
    """The page's one file of style."""
    return send_from_directory(FOLDER, "style.css")


def asked_about() -> str:
    """Which number somebody guesses at, and from where: what wrong tries are counted by."""
    number = (request.view_args or {}).get("no")
    if number is None:
        body = request.get_json(silent=True)
        number = body.get("no") if isinstance(body, dict) else None
    return f"{str(number)[:20]}|{request.remote_addr}"


def was_wrong(_response: Response) -> bool:
    """Whether this request was a wrong try, which alone is counted."""
    return bool(g.get("wrong_try", False))


def _proof(asked: Mapping[str, Any]) -> Proof:
    at = asked["at"]
    printed = Printed(
        receipt_no=asked["no"],
        account_no=asked["account_no"],
        amount_paisa=asked["amount_paisa"],
        occurred_at=from_rfc3339(at) if isinstance(at, str) else at,
    )
    with context().database.read() as connection:
        found = prove(connection, printed, asked["code"])
    g.wrong_try = found is Proof.NOT_GENUINE
    return found


def _asked(no: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed on the page, as the API takes it; what cannot be read stays as it is."""
    asked: dict[str, Any] = {"no": no, "account_no": typed["account"] or None}
    asked["code"] = typed["code"].upper()
    rupees = typed["amount"].replace(",", "")
    is_number = rupees.isascii() and rupees.isdigit() and len(rupees) <= 9
    asked["amount_paisa"] = int(rupees) * PAISA_PER_RUPEE if is_number else None
    try:
        local = datetime.fromisoformat(typed["at"]).replace(tzinfo=PRINTED_ZONE)
    except ValueError:
        return asked | {"at": None}
    utc = local.astimezone(ZoneInfo("UTC"))
    return asked | {"at": f"{utc:%Y-%m-%dT%H:%M}:00.000Z"}


def _page(no: str, typed: Mapping[str, str], words: tuple[str, str] | None) -> Response:
    text = render_template("receipt.html", no=no[:14], typed=typed, words=words)
    response = Response(text, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response
