"""Backup and restore: after yesterday's copy phones offer again, and all ends as if nothing had happened."""

import os
import shutil
import zipfile

import pytest

from auth.blocks import issue_block
from infra.database import Database
from ledger.checks import verify
from models.migrations.triggers import KEPT, KEPT_SINCE, trigger_names
from sync import backup as copying
from sync import restore as restoring
from sync.backup import LEFT_OUT, BackupDamaged, check, safe_heads, take
from sync.books import post
from sync.restore import NotEmpty, OtherSchema, restore
from tests.building import NOW, a_bill, an_issue, office_write
from tests.integration.first.phones import a_device, difference, settle
from tests.integration.sync.looking import everything, one, rows

pytestmark = pytest.mark.owner
"""A restore takes the triggers away and puts them back: it is the owner's."""

LATER = NOW + 3_600_000


@pytest.fixture
def file(tmp_path):
    return tmp_path / "copy.zip"


@pytest.fixture
def crew(database, ibc, wire):
    """Three phones: two of the officer with the round, one of the other."""
    office_write(
        database,
        ibc.code,
        *(
            a_bill(account, f"INV-{n}", current_paisa=100_000, bill_month="2026-03")
            for n, account in enumerate(ibc.accounts)
        ),
    )
    crew = [
        a_device(database, ibc, wire),
        a_device(database, ibc, wire, name="2"),
        a_device(database, ibc, wire, officer=1),
    ]
    settle(*crew)
    return crew


def work(ibc, crew, amount):
    """Everybody takes money, visits a door and reports a meter; the first moves a stop on."""
    for number, device in enumerate(crew):
        account = ibc.accounts[number]
        device.collect({"account_no": account, "tender": "cash", "amount_paisa": amount})
        device.record("visit", {"account_no": account, "outcome": "paid"})
        issue = device.record("meter_issue", an_issue(account))
        device.record(
            "meter_issue",
            {"remark": f"seen {amount}"},
            record_id=issue.record_id,
            base_version=1,
        )


def close(database, ibc, crew):
    """All is sent, posted and read."""
    settle(*crew)
    assert post(database, ibc.code, NOW).lag == 0
    settle(*crew)


def books(database):
    return rows(
        database,
        "SELECT account_code, account_of, sum(CASE side WHEN 'D' THEN amount_paisa "
        "ELSE -amount_paisa END) AS balance, count(*) AS n FROM postings "
        "GROUP BY account_code, account_of ORDER BY account_code, account_of",
    )


def entries(database):
    return rows(
        database,
        "SELECT kind, source_entity, source_id, business_date, idem_key FROM entries "
        "ORDER BY kind, source_id, idem_key",
    )


def feed(database):
    return rows(
        database,
        "SELECT scope, entity, record_id, body FROM feed WHERE body IS NOT NULL "
        "ORDER BY scope, entity, record_id",
    )


def findings(database, ibc):
    with database.read() as connection:
        return [str(finding) for finding in verify(connection, ibc.code)]


@pytest.mark.parametrize("nothing_forgotten", [False, True])
def test_after_yesterdays_copy_all_ends_as_if_nothing_had_happened(
    database, ibc, crew, file, nothing_forgotten
):
    work(ibc, crew, 10_000)
    close(database, ibc, crew)
    take(database, file, NOW)
    if not nothing_forgotten:
        settle(*crew)
        assert all(not device.store.outcomes() for device in crew)
    work(ibc, crew, 2_500)
    crew[0].record("stop", {"state": "visited"}, record_id=ibc.stops[0], base_version=1)
    close(database, ibc, crew)
    undisturbed = (books(database), entries(database), feed(database))
    epoch = one(database, "SELECT epoch FROM log_heads")

    restore(database, file, replace=True, now=LATER)
    assert books(database) != undisturbed[0]
    close(database, ibc, crew)

    assert (books(database), entries(database), feed(database)) == undisturbed
    assert findings(database, ibc) == []
    assert one(database, "SELECT epoch FROM log_heads") != epoch
    for device in crew:
        assert difference(device) == {}
        assert device.compare().equal


@pytest.mark.parametrize("table", [*KEPT, *KEPT_SINCE["0002"]])
def test_what_is_never_changed_is_not_changed_after_a_restore_either(database, ibc, file, table):
    take(database, file, NOW)

    restore(database, file, replace=True, now=LATER)

    standing = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
        if database.is_sqlite
        else "SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass)"
    )
    assert set(trigger_names(table)) <= {row[0] for row in rows(database, standing, table=table)}


def test_it_can_happen_twice(database, ibc, crew, file):
    for amount in (1_000, 2_000):
        work(ibc, crew, amount)
        close(database, ibc, crew)
        take(database, file, NOW)
        work(ibc, crew, amount + 1)
        close(database, ibc, crew)
        undisturbed = (books(database), feed(database))
        restore(database, file, replace=True, now=NOW)
        restore(database, file, replace=True, now=NOW)
        close(database, ibc, crew)

        assert (books(database), feed(database)) == undisturbed
        assert findings(database, ibc) == []
    assert one(database, "SELECT count(*) FROM restores") == 2


def test_a_phone_with_a_snapshot_of_the_life_before_pulls_anew(database, ibc, crew, file, renew):
    take(database, file, NOW)
    renew()
    crew[0].download()
    restore(database, file, replace=True, now=LATER)
    settle(*crew)

    assert one(database, "SELECT count(*) FROM snapshots") == 0
    assert difference(crew[0]) == {}


def test_a_phone_forgets_only_what_a_verified_backup_holds(database, ibc, crew, file):
    work(ibc, crew, 10_000)
    settle(*crew)
    first = crew[0]
    assert len(first.store.outcomes()) == 4

    take(database, file, NOW)
    work(ibc, crew, 500)
    settle(*crew)

    assert sorted(first.store.outcomes()) == [5, 6, 7, 8]


def test_what_is_behind_a_gap_is_not_safe(database, ibc, crew, file):
    work(ibc, crew, 10_000)
    device = crew[0]
    device.exchange(held_back=frozenset({2}))
    device.exchange(held_back=frozenset({2}))

    take(database, file, NOW)

    [safe] = rows(database, "SELECT safe_seq FROM safe_heads WHERE device_id = :id", id=device.id)
    assert safe.safe_seq == 1


def test_every_row_of_every_table_comes_back(database, ibc, crew, file):
    work(ibc, crew, 10_000)
    close(database, ibc, crew)
    ours = ("log_heads", "receipt_blocks", "restores", "backups", *LEFT_OUT)
    before = everything(database, without=ours)
    take(database, file, NOW)
    work(ibc, crew, 999)
    close(database, ibc, crew)

    restore(database, file, replace=True, now=LATER)

    assert everything(database, without=ours) == before


def test_a_copy_is_for_its_owner_only(database, ibc, file):
    take(database, file, NOW)

    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.glob("*.draft")) == []


def test_a_database_that_is_not_empty_is_refused(database, ibc, crew, file):
    take(database, file, NOW)
    before = everything(database)

    with pytest.raises(NotEmpty):
        restore(database, file, replace=False, now=LATER)

    assert everything(database) == before


def test_another_schema_is_refused(database, ibc, file, monkeypatch):
    take(database, file, NOW)
    monkeypatch.setattr(restoring, "current_revision", lambda _connection: "other")

    with pytest.raises(OtherSchema):
        restore(database, file, replace=True, now=LATER)


def test_a_file_with_one_wrong_byte_is_refused_and_nothing_changes(database, ibc, crew, file):
    take(database, file, NOW)
    before = everything(database)
    damaged = file.with_name("damaged.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(damaged, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "staff.ndjson":
                content = content.replace(b"officer", b"0fficer", 1)
            new.writestr(name, content)

    for path in (damaged, *_cut(file)):
        with pytest.raises(BackupDamaged):
            restore(database, path, replace=True, now=LATER)

    assert everything(database) == before


def _cut(file):
    content = file.read_bytes()
    for number, part in enumerate((content[:-10], content[: len(content) // 2], b"", b"no zip")):
        path = file.with_name(f"cut{number}")
        path.write_bytes(part)
        yield path


def test_receipt_numbers_given_after_the_copy_are_never_given_again(database, ibc, file):
    def issue():
        return database.transact(
            lambda c: issue_block(c, ibc_id=ibc.code, device_id="a phone", now=NOW)
        ).prefix

    first = issue()
    take(database, file, NOW)
    since = {issue() for _ in range(20)}
    restore(database, file, replace=True, now=LATER)

    assert issue() not in since | {first}


def test_a_restore_that_is_not_in_the_chain_is_found(database, ibc, crew, file):
    take(database, file, NOW)
    restore(database, file, replace=True, now=LATER)
    work(ibc, crew, 100)
    close(database, ibc, crew)
    assert findings(database, ibc) == []

    with database.write() as connection:
        connection.exec_driver_sql("UPDATE restores SET epoch = 'forged'")

    assert any("forged" in finding for finding in findings(database, ibc))


def test_work_goes_on_while_a_copy_is_taken(database, ibc, crew, file, monkeypatch):
    """What comes after the copy's first look is neither in it nor said to be safe."""
    work(ibc, crew, 100)
    settle(*crew)
    seq = one(database, "SELECT seq FROM log_heads")

    def meanwhile(connection):
        work(ibc, crew, 200)
        settle(*crew)
        return safe_heads(connection)

    monkeypatch.setattr(copying, "safe_heads", meanwhile)
    manifest = take(database, file, NOW)
    settle(*crew)

    assert [head["seq"] for head in manifest.heads] == [seq]
    assert check(file) == manifest
    assert one(database, "SELECT seq FROM log_heads") > seq
    assert sorted(crew[0].store.outcomes()) == [5, 6, 7, 8]


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="moves from SQLite to another file")
def test_a_copy_fills_an_empty_database(database, ibc, crew, file, tmp_path, template):
    work(ibc, crew, 100)
    close(database, ibc, crew)
    take(database, file, NOW)
    shutil.copyfile(template, tmp_path / "new.sqlite")
    other = Database(f"sqlite:///{tmp_path}/new.sqlite")

    restore(other, file, replace=False, now=LATER)

    assert feed(other) == feed(database)
    assert findings(other, ibc) == []
    other.close()
