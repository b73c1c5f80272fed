"""Foreign clients at the engine: what the npm packages cannot show by themselves (docs/foreign-clients.md)."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from infra.ids import new_id
from models import ENTITIES
from schemas.records import errors_of, read_schema
from sync.cursor import NotACursor
from sync.foreign_position import unpack
from sync.office import Put
from sync.parcel import Carried
from sync.rxdb import Checkpoint, pull_documents, push_rows
from sync.watermelon import Asked, pull_tables
from sync.watermelon_push import push_tables
from tests.building import NOW, a_consumer, a_phone, an_issue, office_write

VISIT, STOP, ISSUE = ENTITIES["visit"], ENTITIES["stop"], ENTITIES["meter_issue"]
BEFORE_ALL = Checkpoint()
TIME = "2026-04-08T08:59:00.000Z"


def documents(database, phone, entity, after=BEFORE_ALL, limit=100):
    return pull_documents(database, phone.reader, entity, after, limit)


def rxdb_push(database, phone, entity, *rows):
    return push_rows(database, phone.reader, phone.author, entity, list(rows), NOW, Carried())[0]


def an_insert(fields, record_id=None):
    return {"newDocumentState": {"id": record_id or new_id(), "occurred_at": TIME} | fields}


def tables(database, phone, timestamp=0, **asked):
    limit = asked.pop("limit", 2_000)
    wanted = Asked(last_pulled_at=timestamp, **{"pending": 0} | asked)
    return pull_tables(database, phone.reader, wanted, limit=limit)


def give_round(database, ibc, officer):
    put = Put("round", ibc.round_id, {"officer_id": ibc.officers[officer]})
    office_write(database, ibc.code, put)


def logged(database):
    with database.read() as connection:
        return connection.execute(text("SELECT COUNT(*) FROM mutations")).scalar_one()


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_a_page_has_exactly_the_limit_while_as_many_remain(database, phone, ibc, limit):
    found, after = [], BEFORE_ALL
    while True:
        page, after = documents(database, phone, STOP, after, limit)
        found += [document["id"] for document in page]
        if len(page) < limit:
            break

    assert sorted(found) == sorted(ibc.stops)


def test_a_taken_round_is_a_tombstone_that_fits_the_schema_and_tells_nothing(database, phone, ibc):
    shown, after = documents(database, phone, STOP)
    give_round(database, ibc, 1)

    gone, _ = documents(database, phone, STOP, after)

    assert {document["id"] for document in gone} == set(ibc.stops)
    for document in gone:
        assert document.pop("_deleted") is True
        assert errors_of(read_schema(STOP), document) == {}
        assert document["round_id"] != ibc.round_id
        assert document["account_no"] not in {one["account_no"] for one in shown}


def test_a_round_that_is_given_comes_whole_at_a_new_position(database, colleague, ibc):
    nothing, after = documents(database, colleague, STOP)
    give_round(database, ibc, 1)

    given, _ = documents(database, colleague, STOP, after)

    assert nothing == []
    assert {document["id"] for document in given} == set(ibc.stops)


def test_a_repeat_of_any_age_is_accepted_and_not_logged(database, phone, ibc):
    row = an_insert(an_issue(ibc.accounts[0]))
    first = rxdb_push(database, phone, ISSUE, row)
    count = logged(database)

    again = rxdb_push(database, phone, ISSUE, row)

    assert [first, again] == [[], []]
    assert logged(database) == count


def test_an_edit_over_an_assumed_state_that_is_no_more_names_the_master(
    database, phone, second_phone, ibc
):
    row = an_insert(an_issue(ibc.accounts[0]))
    rxdb_push(database, phone, ISSUE, row)
    [master] = documents(database, second_phone, ISSUE)[0]
    mine = {"newDocumentState": master | {"fault_code": "fast"}, "assumedMasterState": master}
    theirs = {"newDocumentState": master | {"fault_code": "reversed"}, "assumedMasterState": master}
    rxdb_push(database, second_phone, ISSUE, theirs)

    [conflict] = rxdb_push(database, phone, ISSUE, mine)

    assert conflict["fault_code"] == "reversed"
    assert conflict["id"] == row["newDocumentState"]["id"]


def test_a_refused_insert_is_answered_whole_and_kept_in_the_log(database, phone, ibc):
    good = an_insert({"account_no": ibc.accounts[0], "outcome": "not_home"})
    bad = an_insert({"account_no": ibc.accounts[0], "outcome": "no such word"})

    [answered] = rxdb_push(database, phone, VISIT, bad, good)

    assert answered == bad["newDocumentState"] | {"_deleted": True}
    with database.read() as connection:
        bodies = connection.execute(
            text("SELECT body FROM mutations WHERE outcome = 'rejected'")
        ).scalars()
        assert "no such word" in bodies.one()


def test_an_id_that_is_no_uuid_is_one_refused_row(database, phone, ibc):
    bad = an_insert({"account_no": ibc.accounts[0], "outcome": "not_home"}, "my-own-id")

    [answered] = rxdb_push(database, phone, VISIT, bad)

    assert answered["id"] == "my-own-id"
    assert answered["_deleted"] is True


def test_a_record_of_another_officer_is_not_told_by_a_conflict(database, phone, colleague, ibc):
    row = an_insert(an_issue(ibc.accounts[0], remark="private"))
    rxdb_push(database, phone, ISSUE, row)
    probe = an_insert(an_issue(ibc.accounts[1]), row["newDocumentState"]["id"])

    answered = rxdb_push(database, colleague, ISSUE, probe)

    assert "private" not in str(answered)


def test_what_waits_for_its_parent_is_accepted(database, phone, ibc):
    service = {"notice_id": new_id(), "account_no": ibc.accounts[0], "method": "hand"}

    answered = rxdb_push(database, phone, ENTITIES["notice_service"], an_insert(service))

    assert answered == []


def test_a_slice_never_parts_a_place_and_slices_bring_everything(database, phone, ibc):
    whole = tables(database, phone)
    found, timestamp, more = {}, 0, True
    while more:
        part = tables(database, phone, timestamp, limit=2)
        for name, table in part.changes.items():
            found.setdefault(name, set()).update(row["id"] for row in table["updated"])
        assert part.timestamp > timestamp
        timestamp, more = part.timestamp, part.more

    assert found == {
        name: {row["id"] for row in table["updated"]} for name, table in whole.changes.items()
    }


def test_every_table_has_its_three_lists_and_no_id_stands_twice(database, phone, ibc):
    first = tables(database, phone)
    give_round(database, ibc, 1)
    later = tables(database, phone, first.timestamp)

    for pulled in (first, later):
        for table in pulled.changes.values():
            assert table.keys() == {"created", "updated", "deleted"}
            said = [row["id"] for row in table["updated"]] + table["deleted"]
            assert len(said) == len(set(said))
            assert not any("_status" in row or "_changed" in row for row in table["updated"])


def test_a_taken_round_is_marked_then_deleted_once_nothing_is_pending(database, phone, ibc):
    before = tables(database, phone)
    give_round(database, ibc, 1)

    marked = tables(database, phone, before.timestamp, pending=1)
    waiting = tables(database, phone, marked.timestamp, pending=1)
    deleted = tables(database, phone, waiting.timestamp)
    after = tables(database, phone, deleted.timestamp)

    assert {row["id"] for row in marked.changes["stop"]["updated"]} == set(ibc.stops)
    assert all(row["leaving"] for row in marked.changes["stop"]["updated"])
    assert waiting.changes == {}
    assert waiting.timestamp == marked.timestamp
    assert set(deleted.changes["stop"]["deleted"]) == set(ibc.stops)
    assert after.changes == {}


def test_a_restored_database_is_told_anew_once_the_work_has_arrived(database, phone, ibc):
    with database.write() as connection:
        # Two lives with two marks: of any two, one in 64 pairs would share theirs.
        connection.execute(text("UPDATE log_heads SET epoch = 'one life'"))
    before = tables(database, phone)
    with database.write() as connection:
        connection.execute(text("UPDATE log_heads SET epoch = 'another life'"))

    held_back = tables(database, phone, before.timestamp, pending=1)
    anew = tables(database, phone, before.timestamp)
    page, _ = documents(database, phone, STOP, Checkpoint(before.timestamp, "x"))

    assert held_back.changes == {}
    assert held_back.timestamp == before.timestamp
    assert anew.wire()["experimentalStrategy"] == "replacement"
    assert anew.changes["collection"] == {"created": [], "updated": [], "deleted": []}
    assert len(anew.changes["stop"]["updated"]) == 3
    assert {document["id"] for document in page} == set(ibc.stops)


def test_a_number_beyond_the_head_is_of_another_life(database, phone, ibc):
    first = tables(database, phone)
    with database.write() as connection:
        connection.execute(text("UPDATE log_heads SET seq = seq - 1"))

    assert tables(database, phone, first.timestamp).replaces


def test_a_migration_brings_the_rows_of_new_tables_and_columns(database, phone, ibc):
    first = tables(database, phone)
    office_write(database, ibc.code, a_consumer(ibc.accounts[0], phone_e164=None))
    second = tables(database, phone, first.timestamp)

    new = tables(
        database,
        phone,
        second.timestamp,
        tables=["stop", "no_such_table"],
        columns={"consumer": ["phone_e164", "no_such_column"]},
    )

    assert {row["id"] for row in new.changes["stop"]["updated"]} == set(ibc.stops)
    assert {row["id"] for row in new.changes["consumer"]["updated"]} == set(ibc.consumers[1:3])
    assert "no_such_table" not in new.changes


def test_a_timestamp_that_is_none_of_ours_is_refused(database, phone, ibc):
    with pytest.raises(NotACursor):
        tables(database, phone, 2**53)


def test_no_row_of_another_scope_reaches_a_foreign_client(database, phone, ibc, other_ibc):
    stranger = a_phone(database, other_ibc)

    mine, theirs = tables(database, phone), tables(database, stranger)

    seen = {row["id"] for table in mine.changes.values() for row in table["updated"]}
    assert not seen & {row["id"] for t in theirs.changes.values() for row in t["updated"]}
    revoked = replace(phone.reader, revoked=True)
    asked = Asked(last_pulled_at=mine.timestamp, pending=0)
    assert not any(
        row
        for table in pull_tables(database, revoked, asked).changes.values()
        for row in table["updated"]
        if not row.get("leaving")
    )


def test_unsent_work_survives_a_delete_of_the_same_record(database, phone, second_phone, ibc):
    row = an_insert(an_issue(ibc.accounts[0]))
    record_id = row["newDocumentState"]["id"]
    rxdb_push(database, second_phone, ISSUE, row)
    before = tables(database, phone)
    [master] = documents(database, second_phone, ISSUE)[0]
    gone = {"newDocumentState": master | {"_deleted": True}, "assumedMasterState": master}
    assert rxdb_push(database, second_phone, ISSUE, gone) == []

    while_pending = tables(database, phone, before.timestamp, pending=1)
    afterwards = tables(database, phone, while_pending.timestamp)

    assert while_pending.changes == {}
    assert afterwards.changes["meter_issue"]["deleted"] == [record_id]


def test_edits_without_a_version_stand_on_the_last_pull(database, phone, second_phone, ibc):
    row = an_insert(an_issue(ibc.accounts[0]))
    record_id = row["newDocumentState"]["id"]
    rxdb_push(database, second_phone, ISSUE, row)
    pulled = tables(database, phone)
    [raw] = pulled.changes["meter_issue"]["updated"]
    raw = raw | {
        "version": None,
        "remark": "no version",
        "_changed": "remark",
        "_status": "updated",
    }

    rejected, [taken] = push_tables(
        database,
        phone.reader,
        phone.author,
        {"meter_issue": {"created": [], "updated": [raw], "deleted": []}},
        pulled.timestamp,
        NOW,
        Carried(),
    )

    assert rejected == {}
    assert taken.outcome.outcome == "applied"
    assert unpack(pulled.timestamp).delivered > 0
    [now] = [d for d in documents(database, phone, ISSUE)[0] if d["id"] == record_id]
    assert now["remark"] == "no version"
