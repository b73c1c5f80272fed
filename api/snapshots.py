"""First downloads and comparisons over HTTP (docs/protocol.md, 8 and 9)."""

from typing import Any

import orjson
from flask import Response, send_file, url_for

from api.blueprint import Blueprint
from api.context import context
from api.sync import JSON, phone_principal
from auth.access import requires
from auth.roles import Permission
from infra.files import Files
from models.versions import PROTOCOL, unknown_to
from schemas.snapshot import ComparedSchema, CompareSchema, ManifestQuerySchema, ManifestSchema
from sync.digest import Bucket, compare
from sync.older import beginning, changes_for, cursor_for, must_read
from sync.pull import Reader, views_of
from sync.snapshot import manifest_for, may_fetch

blueprint = Blueprint(
    "snapshots", __name__, url_prefix="/api/v1/sync", description="First download, and equality"
)
NDJSON = "application/x-ndjson"
DAY_SECONDS = 24 * 3600


class NotAPart(LookupError):
    """No part of a scope of yours has that hash; ask for the manifest again."""


@blueprint.route("/snapshot", methods=["GET"])
@requires(Permission.SYNC)
@blueprint.arguments(ManifestQuerySchema, location="query")
@blueprint.response(200, ManifestSchema)
def manifest(asked: dict[str, Any]) -> Response:
    """The files of a first download for the scopes of this phone

    Load them in this order and go on with the cursor. A scope without files comes with the pull;
    for an earlier version of the protocol all of them do.
    """
    must_read(asked["protocol"])
    with context().database.read() as connection:
        if asked["protocol"] != PROTOCOL:
            epoch, log_seq, _ = views_of(connection, phone_reader())
            cursor = beginning(epoch, log_seq, asked["protocol"])
            return _json({"epoch": epoch, "cursor": cursor, "parts": []})
        found = manifest_for(connection, phone_reader())
    parts = [
        {
            "url": url_for("snapshots.part", sha256=part.sha256),
            "sha256": part.sha256,
            "bytes": part.byte_count,
            "records": part.record_count,
        }
        for part in found.parts
    ]
    return _json({"epoch": found.epoch, "cursor": found.cursor, "parts": parts})


@blueprint.route("/snapshot/parts/<sha256>", methods=["GET"])
@requires(Permission.SYNC)
@blueprint.response(200, content_type=NDJSON)
@blueprint.alt_response(206, content_type=NDJSON)
def part(sha256: str) -> Response:
    """One file of a first download: gzip of NDJSON, with Range from any byte"""
    with context().database.read() as connection:
        allowed = may_fetch(connection, phone_reader(), sha256)
    path = Files(context().settings.files_dir).find(sha256) if allowed else None
    if path is None:
        raise NotAPart(NotAPart.__doc__)
    # The bytes are as they lie on the disk, and so is what a Range counts.
    response = send_file(path, mimetype=NDJSON, etag=sha256, conditional=True)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = f"private, max-age={DAY_SECONDS}, immutable"
    response.vary.add("Authorization")
    return response


@blueprint.route("/digest", methods=["POST"])
@requires(Permission.SYNC)
@blueprint.arguments(CompareSchema)
@blueprint.response(200, ComparedSchema)
def digest(asked: dict[str, Any]) -> Response:
    """Compare what this phone holds with what it may see, and send what repairs it"""
    protocol = asked.get("protocol", PROTOCOL)
    must_read(protocol)
    with context().database.read() as connection:
        compared = compare(
            connection,
            phone_reader(),
            epoch=asked["epoch"],
            cursor=cursor_for(asked.get("cursor"), protocol),
            held=[Bucket(**bucket) for bucket in asked["buckets"]],
            unknown=unknown_to(protocol),
        )
    changes = compared.changes
    if protocol != PROTOCOL:
        changes = changes_for(changes, protocol)
    said = {
        "epoch": compared.epoch,
        "equal": compared.epoch == asked["epoch"] and not compared.differ,
        "differ": compared.differ,
        "sent": compared.sent,
        "more": compared.more,
    }
    body = orjson.dumps(said)[:-1] + b',"changes":' + changes + b"}"
    return _response(body)


def phone_reader() -> Reader:
    """The phone that asks, as one that reads."""
    principal = phone_principal()
    return Reader(
        ibc_id=str(principal.ibc_id),
        device_id=str(principal.device_id),
        officer_id=principal.staff_id,
    )


def _json(value: dict[str, Any]) -> Response:
    return _response(orjson.dumps(value))


def _response(body: bytes) -> Response:
    response = Response(body, content_type=JSON)
    response.headers["Cache-Control"] = "private, no-store"
    return response
