"""Blueprints whose request bodies are read strictly: unpacked, bounded, and by our one JSON loader."""

from typing import Any

import flask_smorest
from flask import Request
from marshmallow import Schema, missing
from webargs.flaskparser import FlaskParser

from api.body import unpacked_body
from infra.strict_json import loads


class BodyParser(FlaskParser):
    """Reads JSON as the sync protocol does: no duplicate keys, no NaN, gzip where it says so."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body as a value; `missing` when it is not JSON by its own word. Errors: NotStrictJson."""
        del schema  # the same for every schema
        return loads(unpacked_body()) if req.is_json else missing


class Blueprint(flask_smorest.Blueprint):
    """A part of the API."""

    ARGUMENTS_PARSER = BodyParser()
