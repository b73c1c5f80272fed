"""An officer's day in a real browser, against the real server: what he showed to payers is what the books hold."""

import json
import os
import shutil
import subprocess
from contextlib import closing
from urllib.request import Request, urlopen

import pytest

from infra.database import Database
from infra.settings import CHECKOUT
from models.demo import IBC_CODE
from tests.installation import installation_on
from tests.simulation.day.oracle import books_are_at_the_head, standing
from tests.simulation.day.stack import wait_for
from tests.web.street import Street

PLAY = CHECKOUT / "web" / "field" / "plays" / "day.mjs"
SCREENS = CHECKOUT / ".cache" / "screens"
PLAY_SECONDS_MAX = 120
BOOKS_SECONDS_MAX = 20


@pytest.fixture
def chromium():
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(
            "no Chromium: the day in the browser was NOT played, which CI may not do without"
        )
    if found is None:
        pytest.skip("no Chromium on the PATH: the day in the browser was NOT played")
    return found


@pytest.fixture
def installation(app):
    with installation_on(None) as made:
        made.start()
        yield made


def test_a_day_offline_with_a_killed_app_ends_with_every_rupee_in_the_books(
    installation, chromium, tmp_path
):
    with (
        Street(installation) as street,
        closing(Database(f"sqlite:///{installation.data_dir}/fieldledger.db")) as database,
    ):
        before = cash(database)
        day = play(street, chromium, tmp_path)
        wait_for(lambda: settled(database), BOOKS_SECONDS_MAX, "the books did not read it all")
        after = cash(database)
        told = [verified(street, one) for one in day["receipts"]]

    shown = {one["receipt_no"]: one["amount_paisa"] for one in day["receipts"]}
    assert len(shown) >= 3
    assert day["taps_of_an_outcome"] <= 3
    assert sum(shown.values()) == day["in_hand_paisa"] == after - before
    assert told == ["genuine_received"] * len(shown)
    assert day["outbox"] == {"accepted": day["recorded"]}
    assert day["faults"] == []


def play(street, chromium, folder):
    """Play the day; what it says at its end."""
    environment = {
        **os.environ,
        "APP": f"http://127.0.0.1:{street.network.address[1]}/field/",
        "STREET": f"http://127.0.0.1:{street.control.server_port}",
        "CHROMIUM": chromium,
        "PROFILE": str(folder / "profile"),
        "SCREENS": str(SCREENS),
    }
    ran = subprocess.run(
        ("node", str(PLAY)),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PLAY_SECONDS_MAX,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def cash(database):
    """All that is in officers' hands, in paisa."""
    with database.read() as connection:
        return sum(standing(connection, IBC_CODE).cash.values())


def settled(database):
    with database.read() as connection:
        return books_are_at_the_head(connection, IBC_CODE)


def verified(street, receipt):
    """What anybody is told who types in what is printed."""
    asked = {"no": receipt["receipt_no"], "account_no": receipt["account_no"]}
    asked |= {
        "amount_paisa": receipt["amount_paisa"],
        "at": receipt["occurred_at"],
        "code": receipt["code"],
    }
    host, port = street.server
    request = Request(f"http://{host}:{port}/api/v1/receipts/verify", json.dumps(asked).encode())
    request.add_header("Content-Type", "application/json")
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)["answer"]
