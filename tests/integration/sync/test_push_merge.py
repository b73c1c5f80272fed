"""Edits that meet: field by field, and never over what the author had not seen."""

import pytest

from sync.office import Put
from tests.building import an_issue, office_write, words
from tests.integration.sync.looking import one, rows


@pytest.fixture
def issue(phone, second_phone, ibc):
    """A meter issue that both phones of the officer know at version 1."""
    row = phone.put("meter_issue", an_issue(ibc.accounts[0], reading_kwh=100))
    phone.push(row)
    phone.pull_all()
    second_phone.pull_all()
    return row["record_id"]


def edit(phone, issue, base_version=1, **fields):
    return phone.push_one(
        phone.put("meter_issue", fields, record_id=issue, base_version=base_version)
    )


def test_edits_of_different_fields_are_both_kept(phone, second_phone, issue):
    first = edit(phone, issue, remark="burnt as well")
    second = edit(second_phone, issue, reading_kwh=105)
    phone.pull_all()
    second_phone.pull_all()

    assert words([first, second]) == ["applied", "merged"]
    assert second.version == 3
    for one_phone in (phone, second_phone):
        seen = one_phone.see("meter_issue", issue)
        assert (seen["remark"], seen["reading_kwh"]) == ("burnt as well", 105)


def test_edits_of_the_same_field_are_put_before_a_person(database, phone, second_phone, issue):
    edit(phone, issue, remark="one")

    outcome = edit(second_phone, issue, remark="other", severity="high")

    assert words([outcome]) == ["conflict SAME_FIELD"]
    assert outcome.wire()["conflict_id"]
    state = one(database, "SELECT remark, severity, version FROM meter_issues")
    assert state == ("one", "high", 3)
    assert one(database, "SELECT kind FROM exceptions") == "CONFLICT"


def test_the_same_edit_on_both_phones_is_no_conflict(phone, second_phone, issue):
    edit(phone, issue, remark="same")

    outcome = edit(second_phone, issue, remark="same")

    assert words([outcome]) == ["applied"]
    assert outcome.version == 2


def test_an_edit_of_the_office_merges_with_one_from_the_phone(database, phone, ibc, issue):
    office_write(database, ibc.code, Put("meter_issue", issue, {"state": "triaged"}))

    outcome = edit(phone, issue, remark="burnt as well")
    phone.pull_all()

    assert words([outcome]) == ["merged"]
    seen = phone.see("meter_issue", issue)
    assert (seen["state"], seen["remark"]) == ("triaged", "burnt as well")


def test_an_edit_after_the_office_closed_it_is_a_conflict(database, phone, ibc, issue):
    office_write(database, ibc.code, Put("meter_issue", issue, {"state": "closed"}))

    outcome = edit(phone, issue, remark="not fixed at all")

    assert words([outcome]) == ["conflict CLOSED_BY_OFFICE"]
    assert one(database, "SELECT remark FROM meter_issues") == "stands still"


@pytest.mark.usefixtures("tampering")
def test_a_base_that_the_log_no_longer_knows_is_a_conflict(database, phone, second_phone, issue):
    edit(phone, issue, remark="one")
    edit(phone, issue, base_version=2, remark="two")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE mutations SET changes = NULL WHERE version = 2")

    outcome = edit(second_phone, issue, reading_kwh=105)

    assert words([outcome]) == ["conflict BASE_GONE"]
    assert one(database, "SELECT reading_kwh FROM meter_issues") == 100


@pytest.mark.usefixtures("tampering")
def test_the_newest_change_must_be_known_too(database, phone, second_phone, issue):
    edit(phone, issue, remark="one")
    edit(phone, issue, base_version=2, reading_kwh=102)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE mutations SET changes = NULL WHERE version = 3")

    outcome = edit(second_phone, issue, reading_kwh=105)

    assert words([outcome]) == ["conflict BASE_GONE"]
    assert one(database, "SELECT reading_kwh FROM meter_issues") == 102


@pytest.mark.parametrize("base_version", [None, 9])
def test_a_base_that_never_was_is_a_conflict(database, phone, issue, base_version, ibc):
    fields = an_issue(ibc.accounts[0], remark="over it")
    row = phone.put("meter_issue", fields, record_id=issue, base_version=base_version)

    assert words([phone.push_one(row)]) == ["conflict BASE_GONE"]
    assert one(database, "SELECT remark FROM meter_issues") == "stands still"


def test_two_edits_in_one_batch_meet_each_other_in_order(database, phone, second_phone, issue):
    edit(second_phone, issue, severity="high")
    batch = [
        phone.put("meter_issue", {"remark": "one"}, record_id=issue, base_version=1),
        phone.put("meter_issue", {"reading_kwh": 105}, record_id=issue, base_version=1),
    ]

    pushed = phone.push(*batch)

    assert words(pushed.outcomes) == ["merged", "merged"]
    state = one(database, "SELECT remark, reading_kwh, severity, version FROM meter_issues")
    assert state == ("one", 105, "high", 4)


def test_made_and_edited_in_one_batch(database, phone, ibc):
    made = phone.put("meter_issue", an_issue(ibc.accounts[0]))
    edited = phone.put(
        "meter_issue", {"remark": "more"}, record_id=made["record_id"], base_version=1
    )

    pushed = phone.push(made, edited)

    assert words(pushed.outcomes) == ["applied", "applied"]
    assert one(database, "SELECT remark, version FROM meter_issues") == ("more", 2)


def test_an_edit_of_what_was_never_made_is_a_conflict_and_not_our_fault(database, phone, ibc):
    made = phone.put("meter_issue", an_issue(ibc.accounts[0], fault_code="unheard of"))
    edited = phone.put(
        "meter_issue", {"remark": "more"}, record_id=made["record_id"], base_version=1
    )

    pushed = phone.push(made, edited)

    assert words(pushed.outcomes) == ["rejected", "conflict BASE_GONE"]
    assert not rows(database, "SELECT id FROM meter_issues")


def delete(phone, issue, base_version=1):
    return phone.push_one(
        phone.put("meter_issue", {}, record_id=issue, base_version=base_version, op="delete")
    )


def test_a_deleted_record_leaves_every_phone(phone, second_phone, issue):
    outcome = delete(phone, issue)
    second_phone.pull_all()

    assert words([outcome]) == ["applied"]
    assert not second_phone.has("meter_issue")


@pytest.mark.parametrize("base_version", [1, 2])
def test_an_edit_of_a_deleted_record_is_a_conflict(
    database, phone, second_phone, issue, base_version
):
    delete(phone, issue)

    outcome = edit(second_phone, issue, base_version=base_version, remark="still stuck")

    assert words([outcome]) == ["conflict BASE_GONE"]
    assert one(database, "SELECT remark FROM meter_issues") == "stands still"


def test_an_edit_and_then_a_deletion_leave_a_stale_edit_in_conflict(phone, second_phone, issue):
    edit(phone, issue, remark="one")
    delete(phone, issue, base_version=2)

    outcome = edit(second_phone, issue, reading_kwh=105)

    assert words([outcome]) == ["conflict BASE_GONE"]


def test_deleting_twice_is_the_same_as_once(database, phone, second_phone, issue):
    first = delete(phone, issue)

    second = delete(second_phone, issue)

    assert words([first, second]) == ["applied", "applied"]
    assert one(database, "SELECT version FROM meter_issues") == 2


def test_deleting_what_has_moved_on_is_a_conflict(database, phone, second_phone, issue):
    edit(phone, issue, remark="one")

    outcome = delete(second_phone, issue)

    assert words([outcome]) == ["conflict BASE_GONE"]
    assert one(database, "SELECT deleted_at FROM meter_issues") is None


def test_another_officers_issue_cannot_be_edited(database, colleague, issue):
    outcome = edit(colleague, issue, remark="mine now")

    assert words([outcome]) == ["held RECORD_REUSED"]
    assert one(database, "SELECT remark FROM meter_issues") == "stands still"


def test_facts_are_not_deleted(phone, ibc):
    row = phone.put("visit", {"account_no": ibc.accounts[0], "outcome": "not_home"})
    phone.push(row)

    gone = phone.put("visit", {}, record_id=row["record_id"], base_version=1, op="delete")

    outcome = phone.push_one(gone)
    assert words([outcome]) == ["rejected"]
    assert outcome.errors == {"record_id": "facts_are_not_deleted"}
