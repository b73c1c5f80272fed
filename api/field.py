"""The officers' app at `/field/`: the files that `make web` has built, under a policy without inline code."""

from pathlib import Path

from flask import Blueprint, Response, abort, redirect, send_from_directory
from werkzeug.wrappers import Response as Answer

from auth.access import public
from infra.settings import CHECKOUT

blueprint = Blueprint("field", __name__, url_prefix="/field")
BUILT = CHECKOUT / "web" / "built" / "field"
MISSING = Path(__file__).parent / "field_page"
INDEX = "index.html"
HASHED = "assets/"
"""Files below have the hash of their content in their name."""
YEAR_SECONDS = 31_536_000
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@blueprint.get("")
@public
def field() -> Answer:
    """The app's files are relative to its folder."""
    return redirect("/field/", code=308)


@blueprint.get("/")
@blueprint.get("/<path:name>")
@public
def field_file(name: str = INDEX) -> Response:
    """A file of the app; where it was never built, a page that says so."""
    if not (BUILT / INDEX).is_file():
        return _missing(name)
    response = send_from_directory(BUILT, name)
    # Read whole: a stream is packed by fewer methods, and these files are small.
    response.direct_passthrough = False
    response.make_sequence()
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    if name.startswith(HASHED):
        response.cache_control.public = True
        response.cache_control.max_age = YEAR_SECONDS
        response.cache_control.immutable = True
    else:
        response.headers["Cache-Control"] = "no-cache"
    return response


def _missing(name: str) -> Response:
    if name != INDEX:
        abort(404)
    response = send_from_directory(MISSING, "missing.html")
    response.status_code = 503
    response.headers["Cache-Control"] = "no-store"
    return response
