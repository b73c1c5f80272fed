"""Whether Node.js is here, for the tests that need it."""

import os
import shutil
import subprocess
from functools import cache

import pytest

NODE_LEAST = 20


@cache
def node_is_missing() -> str | None:
    """Why the packages cannot be run here, or None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "Node.js and npm are not installed"
    version = subprocess.run((node, "--version"), capture_output=True, text=True, check=True)
    found = int(version.stdout.strip().removeprefix("v").split(".")[0])
    return None if found >= NODE_LEAST else f"Node.js {found} is older than {NODE_LEAST}"


def node_or_skip(what: str) -> None:
    """Skip without Node, and say what was not tested; continuous integration may not do without."""
    missing = node_is_missing()
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"{missing}: {what} NOT tested, which CI may not do without")
    if missing:
        pytest.skip(f"{missing}: {what} NOT tested")
