"""The field app, built once from its lock."""

import subprocess

import pytest

from infra.settings import CHECKOUT
from tests.node import node_or_skip

BUILD_SECONDS_MAX = 300


@pytest.fixture(scope="session")
def app():
    """The built app's folder."""
    node_or_skip("the field app was")
    command = ("make", "--no-print-directory", "web")
    subprocess.run(command, cwd=CHECKOUT, check=True, timeout=BUILD_SECONDS_MAX)
    return CHECKOUT / "web" / "built" / "field"
