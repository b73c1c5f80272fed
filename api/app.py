"""The composition root of the web: settings in, a Flask application out."""

from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_compress import Compress
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from api import (
    attachments,
    balances,
    billing_files,
    cli,
    closing,
    conflicts,
    custody,
    cuts,
    decisions,
    deposits,
    devices,
    docs,
    evidence,
    figures,
    given_back,
    handin,
    health,
    identity,
    imports,
    matches,
    questions,
    readings,
    readmission,
    receipt_books,
    receipts,
    requests,
    rounds,
    rxdb,
    snapshots,
    statements,
    sync,
    watermelon,
    witness,
)
from api.context import EXTENSION, Parts, context
from api.openapi import FieldLedgerApi
from api.problems import FORBIDDEN, NOT_FOUND, SIGN_IN, answer, register_problems
from auth.access import Access, Mark, decide, mark_of
from auth.errors import AuthError, TokenRefused
from auth.principals import Principal, principal_of
from auth.tokens import read
from infra.database import Database
from infra.limits import BODY_BYTES_MAX
from infra.logging import configure_logging
from infra.queue import Bell
from infra.settings import Settings
from infra.tenancy import EVERY, within

SIGN_IN_RATE = "120 per minute"
"""Tries at each door that takes a secret, for one address: a whole office may sit behind one. The
lock-out counts for each person.
"""
HANDIN_RATE = "60 per minute"
"""Outboxes that one address may hand in; whoever is signed in brings no more either."""
VERIFY_RATE = "60 per minute"
"""Receipts that one address may ask about."""
WRONG_TRIES_RATE = "5 per hour"
"""Wrong answers about one receipt number from one address."""
RECEIPT_DOORS = ("receipts.verify_receipt", "receipt_page.show_answer")
DOORS = {
    "identity.enrol_device": SIGN_IN_RATE,
    "identity.sign_in_at_a_desk": SIGN_IN_RATE,
    "readmission.readmit": SIGN_IN_RATE,
    "handin.hand_in": HANDIN_RATE,
    **dict.fromkeys(RECEIPT_DOORS, VERIFY_RATE),
}
PARTS = (
    sync,
    watermelon,
    rxdb,
    snapshots,
    handin,
    identity,
    readings,
    balances,
    rounds,
    decisions,
    custody,
    deposits,
    closing,
    conflicts,
    imports,
    attachments,
    billing_files,
    given_back,
    figures,
    evidence,
    statements,
    matches,
)
OPENAPI = {
    "API_TITLE": "Field ledger",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.3",
    # The document is served by api/docs.py, with an access mark like every view.
    "OPENAPI_URL_PREFIX": None,
}
COMPRESSION = {
    "COMPRESS_ALGORITHM": ["zstd", "br", "gzip"],
    "COMPRESS_MIN_SIZE": 500,
    "COMPRESS_LEVEL": 6,
    "COMPRESS_BR_LEVEL": 4,
    "COMPRESS_ZSTD_LEVEL": 3,
    "COMPRESS_MIMETYPES": ["application/json", "application/problem+json", "text/html", "text/csv"],
}
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
}


def create_app(settings: Settings) -> Flask:
    """An application of these settings; opens nothing until the first request."""
    configure_logging(settings.log_level)
    # Without a folder of static files, whose route nobody could mark.
    app = Flask(__name__, static_folder=None)
    # A packed body may be as large as an unpacked one; what it unpacks to is bounded as well.
    app.config.update(OPENAPI | COMPRESSION, MAX_CONTENT_LENGTH=BODY_BYTES_MAX)
    app.extensions[EXTENSION] = Parts(
        settings,
        Database(
            settings.database_url,
            connections_max=settings.web_threads,
            role=settings.database_role,
        ),
        Bell(settings.redis_url),
    )
    api = FieldLedgerApi(app)
    for part in (
        *PARTS,
        cuts,
        requests,
        questions,
        receipts,
        devices,
        witness,
        readmission,
        receipt_books,
    ):
        api.register_blueprint(part.blueprint)
    api.register_blueprint(devices.phones)
    api.register_blueprint(attachments.office)
    for plain in (health.blueprint, docs.front, docs.blueprint, receipts.page):
        app.register_blueprint(plain)
    Compress(app)
    _limit_doors(app, settings)
    register_problems(app)
    app.before_request(_deny_by_default)
    app.teardown_request(_leave_ibc)
    app.after_request(_safe_headers)
    cli.register(app)
    return app


def _limit_doors(app: Flask, settings: Settings) -> None:
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=settings.redis_url.replace("unix://", "redis+unix://"),
        # Without Redis the doors keep their own rate; limits named here would close every route.
        in_memory_fallback_enabled=True,
        headers_enabled=False,
    )
    # It would look for limits before every request, where only the doors below have any and look
    # themselves: a tenth of an empty poll.
    app.before_request_funcs[None].pop()
    for endpoint, rate in DOORS.items():
        limited: Any = limiter.limit(rate)(app.view_functions[endpoint])
        app.view_functions[endpoint] = limited
    for endpoint in RECEIPT_DOORS:
        # Shared: five tries at the one door and five at the other would be ten.
        guessed: Any = limiter.shared_limit(
            WRONG_TRIES_RATE,
            scope="receipts",
            key_func=receipts.asked_about,
            deduct_when=receipts.was_wrong,
        )(app.view_functions[endpoint])
        app.view_functions[endpoint] = guessed


def _deny_by_default() -> Response | None:
    """No view answers that does not say who may call it; a test walks every route."""
    if request.endpoint is None:
        return answer(NOT_FOUND)
    view = current_app.view_functions[request.endpoint]
    mark = mark_of(view)
    principal = _principal() if mark is not None and mark.needed else None
    if mark is not None and mark.welcomes:
        principal = _recognised()
    g.principal = principal
    ibc_id = (request.view_args or {}).get("code")
    match decide(view, principal, ibc_id=ibc_id):
        case Access.ALLOWED:
            _enter_ibc(ibc_id or _ibc_of_phone(mark, principal))
            return None
        case Access.SIGN_IN:
            return answer(SIGN_IN)
        case Access.FORBIDDEN:
            return answer(FORBIDDEN)


def _enter_ibc(ibc_id: str | None) -> None:
    """From here on this request sees the rows of the IBC in its address, or of its phone.

    Where neither names one (somebody signs in, enrols, asks who he is, verifies a receipt), the
    view reads the directories above the IBCs.
    """
    g.within = within(ibc_id or EVERY)
    g.within.__enter__()


def _ibc_of_phone(mark: Mark | None, principal: Principal | None) -> str | None:
    """A phone asks about its own IBC; whoever only carries another's outbox does not."""
    if principal is None or mark is None or mark.welcomes:
        return None
    return principal.ibc_id


def _leave_ibc(_error: BaseException | None) -> None:
    if "within" in g:
        g.pop("within").__exit__(None, None, None)


def _principal() -> Principal | None:
    """Who asks, by the bearer token; None when there is none."""
    header = request.headers.get("Authorization", "")
    if not header:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefused
    parts, now = context().parts, context().now()
    claims = read(parts.keys, token, now=now)
    known = parts.recent.find(claims, now=now)
    if known is not None:
        return known
    with within(EVERY), parts.database.read() as connection:
        principal = principal_of(connection, claims)
    parts.recent.keep(claims, principal, now=now)
    return principal


def _recognised() -> Principal | None:
    """Who asks, if a good token says so: with a dead one he is nobody, and not turned away."""
    try:
        return _principal()
    except AuthError:
        return None


def _safe_headers(response: Response) -> Response:
    for name, value in SAFE_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
