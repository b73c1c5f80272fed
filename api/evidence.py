"""Evidence packs: over HTTP and as the operator's command."""

import hashlib
from pathlib import Path

import click
from flask import Response

from api.blueprint import Blueprint
from api.context import context
from api.upkeep import upkeep
from auth.access import requires
from auth.roles import Permission
from models.demo import IBC_CODE
from sync.evidence import pack
from sync.evidence_subjects import SUBJECTS, NoSuchSubject

blueprint = Blueprint(
    "evidence", __name__, url_prefix="/api/v1/ibcs/<code>", description="Evidence"
)
ZIP = "application/zip"


@blueprint.route("/evidence/<kind>/<path:name>", methods=["GET"])
@requires(Permission.READ_EVIDENCE)
@blueprint.response(200, content_type=ZIP)
def evidence_pack(code: str, kind: str, name: str) -> Response:
    """What was received, decided and posted about one receipt, notice, cut, case or session

    A zip with a readable page, the bodies as they came, the chains and a manifest of hashes. The
    two checks that read the whole log anew are left to the command `evidence`.
    """
    with context().database.read() as connection:
        content = pack(connection, code, kind, name, all_checks=False)
    response = Response(content, content_type=ZIP)
    file_name = f"evidence-{kind}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response.headers["Cache-Control"] = "private, no-store"
    response.set_etag(hashlib.sha256(content).hexdigest())
    return response


@click.command("evidence")
@click.argument("kind", type=click.Choice(sorted(SUBJECTS)))
@click.argument("name")
@click.option("--ibc", "ibc_id", default=IBC_CODE, show_default=True, help="Where it happened.")
@click.option("--to", "path", type=click.Path(dir_okay=False, path_type=Path), required=True)
@upkeep
def evidence_command(kind: str, name: str, ibc_id: str, path: Path) -> None:
    """Write everything about one receipt, notice, cut, case or session to a zip, with proof."""
    try:
        with context().database.read() as connection:
            content = pack(connection, ibc_id, kind, name)
    except NoSuchSubject as fact:
        raise click.ClickException(str(fact)) from fact
    path.write_bytes(content)
    click.echo(f"{path}  {len(content):,} bytes  sha256 {hashlib.sha256(content).hexdigest()}")
