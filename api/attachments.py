"""Attachments over HTTP: bytes come by tus 1.0.0, clean copies go out (docs/protocol.md, 13)."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, NoReturn
from uuid import UUID

from flask import Response, send_file, url_for
from sqlalchemy import Connection

from api import tus
from api.blueprint import Blueprint
from api.context import context
from api.lending import Lending
from api.lists import Listing, Page, Place, serves
from api.snapshots import phone_reader
from api.sync import phone_principal
from auth.access import public, requires
from auth.roles import Permission
from infra.part_files import Lost, PartFile, PartFiles
from infra.store import store_of
from models.attachment import ContentTypeWord
from schemas.attachments import AttachmentFoundSchema
from schemas.query import AttachmentsQuery
from sync import uploads
from sync.attachment_reading import Shown, attachment_rows, stored_file, visible_to
from sync.uploads import Progress, Sender

blueprint = Blueprint(
    "attachments", __name__, url_prefix="/api/v1/attachments", description="Photographs"
)
office = Blueprint(
    "office_attachments",
    __name__,
    url_prefix="/api/v1/ibcs/<code>/attachments",
    description="Photographs, as the office sees them",
)
FOUND = Listing(name="attachments", row=AttachmentFoundSchema, order=("id",), start=("",))
DAY_SECONDS = 24 * 3600
SENDERS_SHARE = 2
"""One thread in so many may be busy with a phone that sends bytes slowly."""
BINARY = {"schema": {"type": "string", "format": "binary"}}
BODY = {"requestBody": {"content": {tus.BYTES: BINARY}}}
Asked = Mapping[str, Any]


class UploadsBusy(Exception):
    """As many phones as may are sending bytes at this moment; ask again soon."""


class NotKept(LookupError):
    """No stored file of that name is yours to see."""


SENDING = Lending(UploadsBusy)


@blueprint.after_request
def speak_tus(response: Response) -> Response:
    """What tus says of every answer."""
    response.headers["Tus-Resumable"] = tus.VERSION
    if response.status_code == 412:
        response.headers["Tus-Version"] = tus.VERSION
    return response


# Before the other routes, whose own answer to OPTIONS would say less.
@blueprint.route("", methods=["OPTIONS"])
@public
@blueprint.response(204)
def abilities() -> Response:
    """What this server can do of tus 1.0.0"""
    return Response(status=204, headers=tus.ABILITIES)


@blueprint.route("", methods=["POST"])
@requires(Permission.SYNC)
@blueprint.doc(**BODY)
@blueprint.response(201)
def begin_upload() -> Response:
    """Begin to send a file, with its first bytes or without

    `Upload-Metadata: sha256 <base64 of 64 hex digits>`. A file that was begun before goes on at `Upload-Offset`.
    """
    tus.check_version()
    sender, now, file = _sender(), context().now(), tus.announced()

    def begin(connection: Connection) -> Progress:
        begun = uploads.begin(
            connection, sender, sha256=file.sha256, byte_count=file.byte_count, now=now
        )
        if not begun.has_all:
            # Before the row is seen: an upload has its file.
            _parts().begin(begun.id, begun.byte_count)
        return begun

    progress = context().database.transact(begin)
    if tus.sends_bytes() and progress.received == 0:
        progress = _receive(sender, progress, 0)
    response = _told(201, progress)
    response.headers["Location"] = url_for("attachments.continue_upload", upload_id=progress.id)
    return response


@blueprint.route("/<uuid:upload_id>", methods=["HEAD"])
@requires(Permission.SYNC)
@blueprint.response(200)
def ask_upload(upload_id: UUID) -> Response:
    """How many bytes of an upload are safe"""
    tus.check_version()
    progress = _find(_sender(), str(upload_id))
    response = _told(200, progress)
    response.headers["Upload-Length"] = str(progress.byte_count)
    return response


@blueprint.route("/<uuid:upload_id>", methods=["PATCH"])
@requires(Permission.SYNC)
@blueprint.doc(**BODY)
@blueprint.response(204)
def continue_upload(upload_id: UUID) -> Response:
    """Send the next bytes, from `Upload-Offset` on

    What came before a cut is kept, unless the request had an `Upload-Checksum`.
    """
    tus.check_version()
    sender, offset = _sender(), tus.offset()
    return _told(204, _receive(sender, _find(sender, str(upload_id)), offset))


@blueprint.route("/<uuid:upload_id>", methods=["DELETE"])
@requires(Permission.SYNC)
@blueprint.response(204)
def give_up_upload(upload_id: UUID) -> Response:
    """Give an unfinished upload up"""
    tus.check_version()
    sender, now = _sender(), context().now()
    context().database.transact(lambda c: uploads.terminate(c, sender, str(upload_id), now))
    _parts().delete(str(upload_id))
    return Response(status=204)


@blueprint.route("/<uuid:attachment_id>/file", methods=["GET"])
@requires(Permission.SYNC)
@blueprint.response(200, content_type="image/*")
@blueprint.alt_response(206, content_type="image/*")
def phone_file(attachment_id: UUID) -> Response:
    """The clean copy of a file whose record this phone may see"""
    return _file(_seen_by_phone(attachment_id))


@blueprint.route("/<uuid:attachment_id>/thumbnail", methods=["GET"])
@requires(Permission.SYNC)
@blueprint.response(200, content_type="image/*")
@blueprint.alt_response(206, content_type="image/*")
def phone_thumbnail(attachment_id: UUID) -> Response:
    """A small JPEG of it"""
    return _thumbnail(_seen_by_phone(attachment_id))


@serves(office, "", FOUND, AttachmentsQuery, Permission.READ_ATTACHMENTS)
def list_attachments(asked: Asked, code: str) -> Page:
    """Files of records: expected, stored, refused with the reason"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return attachment_rows(
            connection,
            code,
            owner_id=asked.get("owner_id"),
            state=asked.get("state"),
            after=after[0],
            limit=limit,
        )

    return page


@office.route("/<uuid:attachment_id>/file", methods=["GET"])
@requires(Permission.READ_ATTACHMENTS)
@office.response(200, content_type="image/*")
@office.alt_response(206, content_type="image/*")
def office_file(code: str, attachment_id: UUID) -> Response:
    """The clean copy of a file"""
    return _file(_seen_at_a_desk(code, attachment_id))


@office.route("/<uuid:attachment_id>/thumbnail", methods=["GET"])
@requires(Permission.READ_ATTACHMENTS)
@office.response(200, content_type="image/*")
@office.alt_response(206, content_type="image/*")
def office_thumbnail(code: str, attachment_id: UUID) -> Response:
    """A small JPEG of it"""
    return _thumbnail(_seen_at_a_desk(code, attachment_id))


def _receive(sender: Sender, progress: Progress, offset: int) -> Progress:
    """Take bytes in behind `offset`: first to the disk, then the promise. Errors: see PROBLEMS."""
    if offset == progress.received == progress.byte_count:
        return progress
    with SENDING.lent(max(1, context().settings.web_threads // SENDERS_SHARE)):
        try:
            with _parts().alone(progress.id) as part:
                received = _append(sender, part, progress.id, offset)
        except Lost:
            context().database.transact(lambda c: uploads.forget(c, sender.ibc_id, progress.id))
            raise
    if received.has_all:
        context().ring("attachments", sender.ibc_id)
    return received


def _append(sender: Sender, part: PartFile, upload_id: str, offset: int) -> Progress:
    # Read again, now that we are alone: whoever was here before us may have moved it on.
    before = _find(sender, upload_id)
    if offset != before.received or before.has_all:
        raise uploads.OtherOffset(uploads.OtherOffset.__doc__)
    body = tus.Body(most=before.byte_count - before.received)
    received = part.append(offset, body.pieces())
    body.check()
    if received == before.byte_count and part.sha256() != before.sha256:
        context().database.transact(lambda c: uploads.forget(c, sender.ibc_id, upload_id))
        _parts().delete(upload_id)
        raise tus.WrongChecksum("the file is not the one that sha256 announced; begin anew")
    now = context().now()
    return context().database.transact(
        lambda c: uploads.advance(c, sender.ibc_id, before, received, now)
    )


def _find(sender: Sender, upload_id: str) -> Progress:
    with context().database.read() as connection:
        return uploads.find(connection, sender, upload_id, context().now())


def _told(status: int, progress: Progress) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(progress.received)
    response.headers["Upload-Expires"] = tus.expires(progress.expires_at)
    response.headers["Cache-Control"] = "no-store"
    return response


def _seen_by_phone(attachment_id: UUID) -> Shown:
    with context().database.read() as connection:
        return visible_to(connection, phone_reader(), str(attachment_id)) or _not_kept()


def _seen_at_a_desk(code: str, attachment_id: UUID) -> Shown:
    with context().database.read() as connection:
        return stored_file(connection, code, str(attachment_id)) or _not_kept()


def _file(shown: Shown) -> Response:
    return _sent(shown.stored_sha256, shown.content_type, shown.sha256)


def _thumbnail(shown: Shown) -> Response:
    return _sent(shown.thumbnail_sha256, ContentTypeWord.JPEG.value, f"{shown.sha256}-small")


def _sent(name: str, content_type: str, called: str) -> Response:
    """A file of the store, with Range and ETag; saved, never shown as a page of ours."""
    content = store_of(context().settings).read(name)
    if content is None:
        _not_kept()
    response = send_file(
        BytesIO(content),
        mimetype=content_type,
        as_attachment=True,
        download_name=f"{called}.{content_type.rpartition('/')[2]}",
        etag=name,
        conditional=True,
    )
    response.headers["Cache-Control"] = f"private, max-age={DAY_SECONDS}, immutable"
    response.vary.add("Authorization")
    return response


def _not_kept() -> NoReturn:
    raise NotKept(NotKept.__doc__)


def _sender() -> Sender:
    principal = phone_principal()
    return Sender(
        ibc_id=str(principal.ibc_id),
        device_id=str(principal.device_id),
        officer_id=principal.staff_id,
    )


def _parts() -> PartFiles:
    return PartFiles(context().settings.uploads_dir)
