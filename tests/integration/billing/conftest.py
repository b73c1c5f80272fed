"""Billing at its door: an IBC, files of rows, and the people who look at them."""

import csv
import io

import orjson
import pytest

from models import ENTITIES
from models.declaration import Owner
from schemas.samples import sample_put
from sync.billing_import import take_in
from tests.building import NOW
from tests.integration.office.conftest import app, application, books, client, desk

__all__ = ["app", "application", "books", "client", "desk"]


def spelled(value):
    """A value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "|".join(value)
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    return str(value)


def a_row(kind, **fields):
    """Cells of a good row by column."""
    values = sample_put(ENTITIES[kind], Owner.OFFICE) | fields
    return {name: spelled(value) for name, value in values.items()}


def a_file(rows, *, end=None):
    """Rows as the bytes of a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    if end:
        text.write(end + "\n")
    return text.getvalue().encode()


@pytest.fixture
def billing(database, ibc, tmp_path):
    """billing("bill", rows or bytes): take a file in and report."""

    def send(kind, rows, **options):
        path = tmp_path / "sent.csv"
        path.write_bytes(rows if isinstance(rows, bytes) else a_file(rows))
        usual = {"name": path.name, "author_id": "billing", "now": NOW}
        return take_in(database, "DEF", ENTITIES[kind], path, **usual | options)

    return send
