"""An import may be killed at any moment, and phones push while it runs."""

import os
import signal
import subprocess
import sys
import threading
from contextvars import copy_context
from itertools import count as from_one
from pathlib import Path
from time import perf_counter

import pytest

from models import ENTITIES
from sync.billing_import import refusals, take_in
from tests.building import NOW, a_visit, words
from tests.integration.billing.conftest import a_file, a_row
from tests.integration.sync.counting import Killed, killed_at
from tests.integration.sync.looking import count

CHECKOUT = Path(__file__).resolve().parents[3]
ROWS = 4_500
PUSH_P99_SECONDS_MAX = 2.0
"""What a phone may wait for while a file is taken in: one transaction of it, on a busy machine."""

CHILD = """
import sys
from pathlib import Path
from infra.database import Database
from models import ENTITIES
from sync.billing_import import take_in
url, path, now = sys.argv[1:]
def tell(done, lines):
    print(done, flush=True)
take_in(Database(url), "DEF", ENTITIES["bill"], Path(path), name="sent.csv", author_id="billing",
        now=int(now), tell=tell)
"""


def bills(how_many, *, bad_every=0):
    """So many bills over six accounts; every so-manieth names an account that does not exist."""
    template = a_row("bill", late_tiers=None)
    for n in range(1, how_many + 1):
        bad = bad_every and n % bad_every == 0
        account = "0999999999999" if bad else f"04000{n % 6 + 1:08d}"
        yield template | {"invoice_no": f"B-{n}", "account_no": account}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "sent.csv"
    path.write_bytes(a_file(list(bills(ROWS, bad_every=900))))
    return path


def taken_in(database, path):
    return take_in(
        database, "DEF", ENTITIES["bill"], path, name=path.name, author_id="billing", now=NOW
    )


def the_log_of_bills(database):
    statement = "SELECT COUNT(*), COUNT(DISTINCT record_id) FROM mutations WHERE entity = 'bill'"
    with database.read() as connection:
        return tuple(connection.exec_driver_sql(statement).one())


def test_a_process_killed_between_two_transactions_goes_on_behind_its_last_line(
    database, ibc, path
):
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", CHILD, url, str(path), str(NOW)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=CHECKOUT) as child:
        said = [int(child.stdout.readline()), int(child.stdout.readline())]
        os.kill(child.pid, signal.SIGKILL)
    before = count(database, "bills")

    report = taken_in(database, path)

    assert said == [1_001, 2_001]
    assert 1_998 <= before < ROWS
    assert (report["state"], report["stored"], report["refused"]) == ("done", 4_495, 5)
    assert the_log_of_bills(database) == (4_495, 4_495)
    with database.read() as connection:
        refused = refusals(connection, "DEF", report["id"], after=0, limit=10)
    assert [row["line_no"] for row in refused] == [901, 1_801, 2_701, 3_601, 4_501]


def test_killed_before_any_statement_of_a_transaction_nothing_of_it_stays(database, ibc, tmp_path):
    path = tmp_path / "sent.csv"
    path.write_bytes(a_file(list(bills(3, bad_every=3))))
    for nth in from_one(1):
        try:
            with killed_at(database, nth):
                report = taken_in(database, path)
        except Killed:
            assert (count(database, "bills"), count(database, "import_refusals")) in {
                (0, 0),
                (2, 1),
            }, f"killed at statement {nth}"
            continue
        break

    assert nth > 10
    assert (report["stored"], report["unchanged"], report["refused"]) == (2, 0, 1)
    assert the_log_of_bills(database) == (2, 2)


def test_phones_push_while_a_file_is_taken_in(database, ibc, phone, path):
    importing = threading.Thread(target=copy_context().run, args=(taken_in, database, path))
    waits = []

    importing.start()
    while importing.is_alive():
        begun = perf_counter()
        outcome = phone.push_one(phone.put("visit", a_visit(ibc.accounts[0])))
        waits.append(perf_counter() - begun)
        assert words([outcome]) == ["applied"]
    importing.join()

    assert len(waits) > 5
    waits.sort()
    assert waits[int(len(waits) * 0.99)] < PUSH_P99_SECONDS_MAX
    with database.read() as connection:
        mixed = connection.exec_driver_sql(
            "SELECT COUNT(*) FROM mutations v WHERE v.entity = 'visit' AND EXISTS "
            "(SELECT 1 FROM mutations b WHERE b.entity = 'bill' AND b.seq > v.seq) AND EXISTS "
            "(SELECT 1 FROM mutations b WHERE b.entity = 'bill' AND b.seq < v.seq)"
        ).scalar()
    assert mixed > 0, "no push came between two transactions of the import"


def test_two_who_take_the_same_file_in_store_it_once(database, ibc, path):
    both = [
        threading.Thread(target=copy_context().run, args=(taken_in, database, path))
        for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert the_log_of_bills(database) == (4_495, 4_495)
    assert taken_in(database, path)["stored"] == 4_495
