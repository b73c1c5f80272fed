"""The OpenAPI document, and a page that shows it with nothing from other hosts."""

from importlib.resources import files
from pathlib import Path

import orjson
from flask import Blueprint, Response, abort, redirect, send_from_directory
from werkzeug.wrappers import Response as Answer

from api.openapi import openapi_document
from auth.access import public

front = Blueprint("front", __name__)
blueprint = Blueprint("docs", __name__, url_prefix="/api")
OWN = Path(__file__).parent / "docs_page"
OWN_FILES = frozenset({"index.html", "swagger-initializer.js"})
SHIPPED_FILES = frozenset(
    {
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-ui-standalone-preset.js",
        "favicon-16x16.png",
        "favicon-32x32.png",
    }
)
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Of this page only: swagger-ui writes styles into elements."""


@front.get("/")
@public
def front_door() -> Answer:
    """Who comes without an address finds out what there is."""
    return redirect("/api/docs/", code=302)


@blueprint.get("/openapi.json")
@public
def openapi_json() -> Response:
    """What programs may ask, and what they are answered."""
    return Response(orjson.dumps(openapi_document()), content_type="application/json")


@blueprint.get("/docs")
@public
def docs() -> Answer:
    """The page's files are relative to its folder."""
    return redirect("/api/docs/", code=308)


@blueprint.get("/docs/", defaults={"name": "index.html"})
@blueprint.get("/docs/<name>")
@public
def docs_file(name: str) -> Response:
    """A file of the page: ours, or swagger-ui's as its package ships it."""
    if name not in OWN_FILES | SHIPPED_FILES:
        abort(404)
    response = send_from_directory(OWN if name in OWN_FILES else _shipped(), name)
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    return response


def _shipped() -> Path:
    """The one folder of the package that holds swagger-ui; its name carries the version."""
    vendor = Path(str(files("swagger_ui_bundle"))) / "vendor"
    return next(vendor.glob("swagger-ui-*"))
