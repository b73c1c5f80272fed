"""The files that hold both clients to the same are what the Python client does today."""

import pytest

from auth.receipt_qr import verified
from tests.sync_fixtures import FOLDER, fixtures, vectors, written


@pytest.mark.parametrize(("name", "value"), fixtures().items(), ids=str)
def test_a_fixture_is_what_the_python_client_does(name, value):
    kept = (FOLDER / name).read_text(encoding="utf-8")

    assert kept == written(value), "stale: python -m tests.sync_fixtures"


def test_no_fixture_is_left_over():
    assert {path.name for path in FOLDER.iterdir()} == set(fixtures())


def test_the_server_verifies_the_qr_that_the_fixtures_show():
    keys = {vectors()["device_id"]: vectors()["public_key"]}

    for case in fixtures()["receipt_qr.json"]:
        assert verified(case["text"], keys).receipt_no == case["printed"]["receipt_no"]
