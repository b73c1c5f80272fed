"""What the adapters for foreign clients share: who the device is, and how an answer looks."""

from typing import Any

import orjson
from flask import Response

from api.context import context
from api.sync import is_active, phone
from sync.mutation import Author, Origin
from sync.parcel import Carried
from sync.pull import Reader


def reader() -> Reader:
    principal = phone()
    return Reader(
        ibc_id=str(principal.ibc_id),
        device_id=str(principal.device_id),
        officer_id=principal.staff_id,
        revoked=not is_active(principal),
    )


def author() -> Author:
    principal = phone()
    return Author(id=str(principal.device_id), origin=Origin.DEVICE, officer_id=principal.staff_id)


def carried() -> Carried:
    """A foreign client signs nothing: it is trusted as its token is."""
    return Carried(trusted=is_active(phone()))


def ring_for_books() -> None:
    context().ring("books", str(phone().ibc_id))


def json_answer(value: Any) -> Response:
    response = Response(orjson.dumps(value), content_type="application/json")
    response.headers["Cache-Control"] = "private, no-store"
    return response
