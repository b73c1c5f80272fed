"""The field app by itself: its types, its engine, its weight."""

import os
import subprocess

import pytest

from infra.settings import CHECKOUT

SECONDS_MAX = 60


@pytest.mark.parametrize("script", ["types", "test", "weight"])
def test_the_app(script, app):
    """Strict types; Vitest with the fixtures that the Python client makes; at most 120 kB."""
    ran = subprocess.run(
        ("npm", "run", "--silent", script),
        cwd=CHECKOUT / "web",
        env={**os.environ, "npm_config_cache": str(CHECKOUT / ".cache" / "npm")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
