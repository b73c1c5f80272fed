"""Adding an entity is one file and one line."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def test_an_entity_is_one_file_and_one_line(database):
    url = database.engine.url.render_as_string(hide_password=False)

    ran = subprocess.run(
        [sys.executable, "-m", "tests.conformance.one_more_entity", url],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
