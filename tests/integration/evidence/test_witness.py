"""The log's signed head: devices carry it, and a log that was rewritten or cut contradicts it."""

import orjson
import pytest
from sqlalchemy import text

from sync.witness import FRESH_MS, contradictions
from tests.building import NOW
from tests.integration.evidence.street import cash

REWRITES = {
    "rewritten": ["UPDATE chain_links SET hash = 'f' || substr(hash, 2) || 'x'"],
    "cut": ["DELETE FROM chain_links WHERE last_seq >= 2", "UPDATE log_heads SET seq = 1"],
}


@pytest.fixture
def carried(signer, ibc):
    signer.collect(cash(ibc.accounts[0]))
    signer.exchange()
    return signer.store.kept("witness")


def found(app, database, witness):
    with app.app_context(), database.read() as connection:
        key = app.extensions["fieldledger"].witnesses.public_key
        return [finding.what for finding in contradictions(connection, key, [witness])]


def test_an_untouched_log_agrees_with_what_a_phone_carries(app, database, carried):
    assert found(app, database, carried) == []


@pytest.mark.parametrize("how", REWRITES)
def test_a_log_that_was_changed_contradicts_it(app, database, owner, carried, how):
    with owner.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for (name,) in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in REWRITES[how]:
            connection.exec_driver_sql(statement)

    [what] = found(app, database, carried)

    assert how in what


@pytest.mark.parametrize("field", ["seq", "hash", "at", "ibc", "signature"])
def test_a_forged_witness_is_not_ours(app, database, carried, field):
    forged = dict(carried) | {field: 1 if field == "seq" else "0"}

    assert found(app, database, forged) == ["The witness is not signed by this installation's key."]


def test_it_is_signed_once_a_minute(signer, ibc, clock, carried):
    signer.collect(cash(ibc.accounts[0]))
    signer.exchange()
    assert signer.store.kept("witness") == carried

    clock.at = NOW + FRESH_MS
    signer.exchange()

    assert signer.store.kept("witness")["seq"] > carried["seq"]


def test_the_office_may_ask_for_it(desk, carried, signer):
    said = desk("auditor").get("/log-head")

    assert said.json["witness"].keys() == carried.keys()
    assert desk("auditor").get("/log-head", at="CLF").status_code == 403


def test_the_command_says_what_is_wrong(app, carried, tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(orjson.dumps(carried))
    bad.write_bytes(orjson.dumps(carried | {"seq": 10**6}))
    runner = app.test_cli_runner()

    assert runner.invoke(args=["log", "verify", "--witness", str(good)]).exit_code == 0
    assert runner.invoke(args=["log", "verify", "--witness", str(bad)]).exit_code == 1


def test_the_key_lies_beside_the_database_for_its_owner_only(app, carried):
    path = app.extensions["fieldledger"].settings.data_dir / "log_key"

    assert path.stat().st_mode & 0o777 == 0o600
