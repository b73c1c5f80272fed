"""Errors around a request: one table, answered as RFC 9457 problems that say what the phone should do."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson
import structlog
from flask import Flask, Response, request
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from api import tus
from api.attachments import NotKept, UploadsBusy
from api.balances import NotADay
from api.body import NotGzip, TooLarge
from api.handin import HandinRefused
from api.imports import TooManyLines
from api.lists import NotAPlace
from api.preconditions import KeyNeeded, VersionNeeded
from api.rxdb_stream import StreamsBusy
from api.snapshots import NotAPart
from api.statements import NoFile, StatementRefused
from api.sync import PhoneNeeded
from api.xlsx_file import TooManySheetLines
from auth import errors as auth_errors
from auth.approvals import OverLimit
from infra import part_files
from infra.store import StoreUnavailable
from infra.strict_json import NotStrictJson
from schemas.records import flat
from sync import uploads
from sync.adjustments import UnknownAdjustment
from sync.billing_export import ExportDiffers, NotRejected, UnknownExport
from sync.billing_import import UnknownFile
from sync.billing_rows import FileRefused
from sync.clearing import SameHands
from sync.cursor import NotACursor
from sync.custody import SamePerson, UnknownHandover, UnknownSession
from sync.decisions import BooksBehind, MakerIsChecker, UnknownDecision
from sync.deposits import UnknownDeposit
from sync.desk import UnknownCase
from sync.device_life import NotDrained
from sync.evidence_subjects import NoSuchSubject
from sync.given_back import UnknownProposal
from sync.intake import TooManyMutations, Unreadable
from sync.keyed import KeyReused
from sync.losses import UnknownLoss
from sync.match_decisions import UnknownMatch
from sync.matches import NoEffect, Taken
from sync.office import Refused, Stale
from sync.older import Outdated, how_to_update
from sync.orders import UnknownOrder
from sync.questions import UnknownQuestion
from sync.receipt_books import UnknownBook
from sync.requests import UnknownRequest
from sync.rounds import UnknownRound
from sync.statement_files import StatementTooLarge, UnknownStatementFile
from sync.statement_sources import UnknownSource
from sync.writing import UnknownIbc

log = structlog.get_logger()


class Do(StrEnum):
    """What the phone should do about it (protocol, conventions)."""

    RETRY = "retry"
    SIGN_IN = "sign-in"
    UPDATE_APP = "update-app"
    ASK_OFFICE = "ask-office"


class Problem(NamedTuple):
    """One kind of problem: its HTTP status, its stable slug, its title and the way out."""

    status: int
    slug: str
    title: str
    do: Do


S = HTTPStatus
NOT_FOUND = Problem(S.NOT_FOUND, "not-found", "There is nothing here for you", Do.ASK_OFFICE)
FORBIDDEN = Problem(S.FORBIDDEN, "forbidden", "Your role does not allow this", Do.ASK_OFFICE)
SIGN_IN = Problem(S.UNAUTHORIZED, "sign-in-needed", "Sign in first", Do.SIGN_IN)
TOO_LARGE = Problem(S.REQUEST_ENTITY_TOO_LARGE, "too-large", "Send it in parts", Do.RETRY)
INVALID = Problem(S.UNPROCESSABLE_ENTITY, "invalid", "Some fields cannot stand", Do.UPDATE_APP)
UPLOAD_GONE = Problem(S.GONE, "upload-gone", "Begin this upload anew", Do.RETRY)
UNAVAILABLE = Problem(S.SERVICE_UNAVAILABLE, "unavailable", "Try again soon", Do.RETRY)
INTERNAL = Problem(S.INTERNAL_SERVER_ERROR, "our-fault", "Our own fault; try again", Do.RETRY)

PROBLEMS: dict[type[Exception], Problem] = {
    NotStrictJson: Problem(S.BAD_REQUEST, "not-json", "The body is not JSON", Do.UPDATE_APP),
    Unreadable: Problem(S.BAD_REQUEST, "unreadable", "The request cannot be read", Do.UPDATE_APP),
    NotGzip: Problem(S.BAD_REQUEST, "not-gzip", "The body is not gzip", Do.RETRY),
    TooLarge: TOO_LARGE,
    NotACursor: Problem(S.BAD_REQUEST, "not-a-cursor", "Pull without a cursor", Do.RETRY),
    TooManyMutations: TOO_LARGE,
    Outdated: Problem(S.UPGRADE_REQUIRED, "outdated", "Update the app", Do.UPDATE_APP),
    StreamsBusy: Problem(S.SERVICE_UNAVAILABLE, "streams-busy", "Ask again soon", Do.RETRY),
    Refused: INVALID,
    Stale: Problem(S.PRECONDITION_FAILED, "stale", "It has changed; look again", Do.RETRY),
    KeyNeeded: Problem(S.BAD_REQUEST, "key-needed", "Send an Idempotency-Key", Do.UPDATE_APP),
    KeyReused: Problem(S.CONFLICT, "key-reused", "The key named another request", Do.UPDATE_APP),
    VersionNeeded: Problem(
        S.PRECONDITION_REQUIRED, "precondition-required", "Send If-Match", Do.UPDATE_APP
    ),
    PhoneNeeded: Problem(S.FORBIDDEN, "phone-needed", "Only a phone syncs", Do.ASK_OFFICE),
    HandinRefused: Problem(
        S.FORBIDDEN, "handin-refused", "The device has not signed this", Do.ASK_OFFICE
    ),
    NotDrained: Problem(S.CONFLICT, "not-drained", "Hand in what is left first", Do.RETRY),
    MakerIsChecker: Problem(
        S.FORBIDDEN, "maker-is-checker", "Another person must check this", Do.ASK_OFFICE
    ),
    SamePerson: Problem(
        S.FORBIDDEN, "same-person", "Another person must count this", Do.ASK_OFFICE
    ),
    SameHands: Problem(
        S.FORBIDDEN, "same-hands", "Another person must say what the bank did", Do.ASK_OFFICE
    ),
    OverLimit: Problem(
        S.FORBIDDEN, "over-limit", "Your role does not approve so much", Do.ASK_OFFICE
    ),
    BooksBehind: Problem(
        S.SERVICE_UNAVAILABLE, "books-behind", "The books are catching up", Do.RETRY
    ),
    NotAPlace: Problem(S.BAD_REQUEST, "not-a-place", "Ask without a cursor", Do.RETRY),
    NotADay: INVALID,
    TooManyLines: TOO_LARGE,
    TooManySheetLines: TOO_LARGE,
    FileRefused: Problem(
        S.UNPROCESSABLE_ENTITY, "file-refused", "Nothing of the file was stored", Do.ASK_OFFICE
    ),
    UnknownFile: NOT_FOUND,
    UnknownExport: NOT_FOUND,
    NoSuchSubject: NOT_FOUND,
    UnknownProposal: NOT_FOUND,
    NotRejected: Problem(S.CONFLICT, "not-rejected", "Billing has not rejected it", Do.ASK_OFFICE),
    ExportDiffers: Problem(
        S.CONFLICT, "export-differs", "The books were changed behind a file", Do.ASK_OFFICE
    ),
    NotAPart: NOT_FOUND,
    NotKept: NOT_FOUND,
    uploads.UnknownUpload: NOT_FOUND,
    uploads.UploadExpired: UPLOAD_GONE,
    part_files.Lost: UPLOAD_GONE,
    uploads.OtherOffset: Problem(S.CONFLICT, "other-offset", "Ask how far it is", Do.RETRY),
    uploads.UploadIsWhole: Problem(S.CONFLICT, "upload-whole", "It has arrived", Do.ASK_OFFICE),
    uploads.FileTooLarge: Problem(
        S.REQUEST_ENTITY_TOO_LARGE, "file-too-large", "Make the picture smaller", Do.UPDATE_APP
    ),
    uploads.QuotaSpent: Problem(
        S.REQUEST_ENTITY_TOO_LARGE, "quota-spent", "Go on tomorrow", Do.RETRY
    ),
    part_files.Busy: Problem(S.LOCKED, "upload-busy", "Another request is sending it", Do.RETRY),
    part_files.NoSpace: Problem(S.INSUFFICIENT_STORAGE, "no-space", "Go on later", Do.RETRY),
    UploadsBusy: Problem(S.SERVICE_UNAVAILABLE, "uploads-busy", "Ask again soon", Do.RETRY),
    StoreUnavailable: UNAVAILABLE,
    tus.OtherTus: Problem(S.PRECONDITION_FAILED, "other-tus", "Speak tus 1.0.0", Do.UPDATE_APP),
    tus.NotTus: Problem(S.BAD_REQUEST, "not-tus", "A header cannot be read", Do.UPDATE_APP),
    tus.NotBytes: Problem(S.UNSUPPORTED_MEDIA_TYPE, "not-bytes", "Send bytes", Do.UPDATE_APP),
    # A status of tus's own.
    tus.WrongChecksum: Problem(460, "wrong-checksum", "Send these bytes again", Do.RETRY),
    StatementRefused: Problem(
        S.UNPROCESSABLE_ENTITY, "statement-refused", "The file cannot stand", Do.ASK_OFFICE
    ),
    StatementTooLarge: TOO_LARGE,
    NoFile: Problem(S.BAD_REQUEST, "no-file", "Send the file", Do.UPDATE_APP),
    UnknownStatementFile: NOT_FOUND,
    UnknownMatch: NOT_FOUND,
    Taken: Problem(S.CONFLICT, "taken", "Another match holds it", Do.RETRY),
    NoEffect: Problem(S.CONFLICT, "no-effect", "The books have moved on", Do.RETRY),
    UnknownSource: NOT_FOUND,
    UnknownAdjustment: NOT_FOUND,
    UnknownDecision: NOT_FOUND,
    UnknownDeposit: NOT_FOUND,
    UnknownHandover: NOT_FOUND,
    UnknownLoss: NOT_FOUND,
    UnknownSession: NOT_FOUND,
    UnknownCase: NOT_FOUND,
    UnknownRound: NOT_FOUND,
    UnknownRequest: NOT_FOUND,
    UnknownQuestion: NOT_FOUND,
    UnknownOrder: NOT_FOUND,
    UnknownBook: NOT_FOUND,
    UnknownIbc: NOT_FOUND,
    OperationalError: UNAVAILABLE,
    RateLimitExceeded: Problem(S.TOO_MANY_REQUESTS, "too-often", "Wait a little", Do.RETRY),
    auth_errors.HashingBusy: UNAVAILABLE,
    auth_errors.SignInRefused: Problem(
        S.UNAUTHORIZED, "sign-in-refused", "Staff number or password is wrong", Do.SIGN_IN
    ),
    auth_errors.EnrolmentRefused: Problem(
        S.FORBIDDEN, "enrolment-refused", "Code, staff number or PIN is wrong", Do.ASK_OFFICE
    ),
    auth_errors.PublicKeyRefused: Problem(
        S.UNPROCESSABLE_ENTITY, "public-key-refused", "The key is not usable", Do.UPDATE_APP
    ),
    auth_errors.ProofRefused: Problem(
        S.FORBIDDEN, "proof-refused", "The proof is not by this key", Do.UPDATE_APP
    ),
    auth_errors.NotEnrollable: Problem(
        S.UNPROCESSABLE_ENTITY, "not-enrollable", "This person cannot have a phone", Do.ASK_OFFICE
    ),
    auth_errors.DeviceUnknown: Problem(
        S.UNAUTHORIZED, "device-unknown", "This device is not enrolled", Do.ASK_OFFICE
    ),
    auth_errors.StaffInactive: Problem(
        S.FORBIDDEN, "staff-inactive", "No active staff card", Do.ASK_OFFICE
    ),
    auth_errors.TokenExpired: Problem(
        S.UNAUTHORIZED, "token-expired", "Refresh the token", Do.SIGN_IN
    ),
    auth_errors.TokenRefused: Problem(
        S.UNAUTHORIZED, "token-refused", "The token is not valid", Do.SIGN_IN
    ),
    auth_errors.RefreshRefused: Problem(
        S.UNAUTHORIZED, "refresh-refused", "The sign-in has ended", Do.SIGN_IN
    ),
    auth_errors.ReadmissionRefused: Problem(
        S.FORBIDDEN, "readmission-refused", "This phone is not let in so", Do.ASK_OFFICE
    ),
    auth_errors.EnrolmentEnded: Problem(
        S.UNAUTHORIZED, "enrolment-ended", "The enrolment has ended", Do.ASK_OFFICE
    ),
}
"""Exception → problem. An exception that is not here is our own fault, and says so."""

SAYS_NOTHING = (OperationalError, StoreUnavailable)
"""Errors whose text is for our log, not for the caller."""


def answer(problem: Problem, detail: str | None = None, **members: Any) -> Response:
    """The problem as an answer (RFC 9457)."""
    said = {
        "type": f"/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "do": problem.do.value,
        **({"detail": detail} if detail else {}),
        **members,
    }
    response = Response(
        orjson.dumps(said), status=problem.status, content_type="application/problem+json"
    )
    response.headers["Cache-Control"] = "no-store"
    if problem.status == S.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if problem.do is Do.RETRY and problem.status in (S.SERVICE_UNAVAILABLE, S.TOO_MANY_REQUESTS):
        response.headers["Retry-After"] = "5"
    return response


def register_problems(app: Flask) -> None:
    """Answer every exception by its row, and everything unexpected as our fault."""
    for kind in PROBLEMS:
        app.register_error_handler(kind, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _known(error: Exception) -> Response:
    kind = next(kind for kind in type(error).__mro__ if kind in PROBLEMS)
    members = _members(error)
    detail = None if isinstance(error, SAYS_NOTHING) else str(error)
    if isinstance(error, SAYS_NOTHING):
        log.warning("unavailable", error=repr(error))
    return answer(PROBLEMS[kind], detail, **members)


def _members(error: Exception) -> dict[str, Any]:
    """What the problem says beside its title."""
    match error:
        case Unreadable() | Refused():
            return {"errors": error.errors}
        case Outdated():
            return {"how": how_to_update()}
        case FileRefused():
            return {"errors": {f"line {error.line}": error.reason}}
        case StatementRefused():
            return {"file_id": error.file_id, "lines": error.lines}
        case _:
            return {}


def _http(error: HTTPException) -> Response:
    status = error.code or S.INTERNAL_SERVER_ERROR
    usual: dict[int, Problem] = {
        S.NOT_FOUND: NOT_FOUND,
        S.UNAUTHORIZED: SIGN_IN,
        S.FORBIDDEN: FORBIDDEN,
        S.REQUEST_ENTITY_TOO_LARGE: TOO_LARGE,
        S.UNPROCESSABLE_ENTITY: INVALID,
    }
    name = HTTPStatus(status).phrase
    problem = usual.get(status) or Problem(
        status, name.lower().replace(" ", "-"), name, Do.UPDATE_APP
    )
    errors = _by_field(getattr(error, "data", None) or {})
    members = {"errors": errors} if errors else {}
    response = answer(problem, error.description if not errors else None, **members)
    for header, value in error.get_headers():
        if header in ("Allow", "Retry-After"):
            response.headers[header] = value
    return response


def _by_field(said: Mapping[str, Any]) -> dict[str, str]:
    """Field → message key, of what webargs says by place (`json`, `query`) and field."""
    errors: dict[str, str] = {}
    for place, messages in (said.get("messages") or {}).items():
        errors |= (
            flat(messages) if isinstance(messages, dict) else {place: flat(messages)["fields"]}
        )
    return errors


def _unexpected(error: Exception) -> Response:
    log.error("our_fault", path=request.path, error=repr(error), exc_info=error)
    return answer(INTERNAL)


__all__ = ["PROBLEMS", "Do", "Problem", "answer", "register_problems"]
