"""Pages, borders, scopes that come and go: what a phone holds is what it may see."""

import dataclasses

import pytest

from infra.ids import derived_id, new_id
from sync.cursor import NotACursor
from sync.membership import grant
from sync.office import Put
from sync.pull import Reader, pull
from tests.building import (
    NOW,
    a_bill,
    a_collection,
    a_consumer,
    a_notice,
    a_phone,
    a_round,
    a_stop,
    a_visit,
    an_issue,
    changes_of,
    dropped_ids,
    office_write,
    put_ids,
)
from tests.integration.sync.seeing import held_by, visible_to

EMPTY_ANSWER_BYTES_MAX = 200


def a_new_phone(phone):
    """The same enrolment as it was when it had pulled nothing."""
    return dataclasses.replace(phone, store={}, cursor=None, epoch=None)


def close_round(database, ibc, round_id=None, officer=None):
    """Take a round away from its officer: it is given to nobody."""
    put = Put("round", round_id or ibc.round_id, {"officer_id": officer})
    office_write(database, ibc.code, put)


def open_round(database, ibc, name, officer, accounts, area=1):
    """A new round with its stops; returns its id."""
    round_id = derived_id(ibc.code, "round", name)
    stops = [
        a_stop(derived_id(round_id, account), round_id, account, walk_order=n)
        for n, account in enumerate(accounts)
    ]
    walk = a_round(round_id, ibc.areas[area], ibc.officers[officer])
    office_write(database, ibc.code, walk, *stops)
    return round_id


@pytest.fixture
def lively(database, phone, second_phone, ibc):
    """An IBC with bills, notices, facts of two phones, an edit, a deletion and a verdict."""
    office_write(
        database,
        ibc.code,
        *(a_bill(account, f"B{n}") for n, account in enumerate(ibc.accounts)),
        *(a_notice(account, f"N{n}") for n, account in enumerate(ibc.accounts)),
    )
    issues = [phone.put("meter_issue", an_issue(account)) for account in ibc.accounts]
    void = phone.put("receipt_void", {"collection_id": derived_id("taken"), "reason": "x"})
    phone.push(*issues, void)
    taken = a_collection(ibc.accounts[0], "Q3-000001")
    second_phone.push(
        second_phone.put("collection", taken, record_id=derived_id("taken")),
        second_phone.put("meter_issue", {}, record_id=issues[0]["record_id"], base_version=1,
                         op="delete"),
        second_phone.put("meter_issue", {"remark": "more"}, record_id=issues[1]["record_id"],
                         base_version=1),
    )  # fmt: skip
    office_write(database, ibc.code, a_consumer(ibc.accounts[1], name="Renamed"))
    return phone


# Pages


def test_a_new_phone_gets_everything_it_may_see(lively):
    phone = a_new_phone(lively)

    phone.pull_all()

    assert held_by(phone) == visible_to(phone)


def test_paging_at_every_limit_ends_in_the_same_store(lively):
    whole = a_new_phone(lively)
    (page,) = whole.pull_all()

    for limit in range(1, page.count + 2):
        paged = a_new_phone(lively)
        pages = paged.pull_all(limit=limit)
        assert paged.store == whole.store, limit
        assert all(one.count <= limit for one in pages)
        assert [one.more for one in pages] == [True] * (len(pages) - 1) + [False]
        assert paged.cursor == whole.cursor


def test_pages_bring_every_row_once(lively):
    pages = a_new_phone(lively).pull_all(limit=3)

    for entity in ("consumer", "bill", "stop", "meter_issue", "visit"):
        ids = put_ids(pages, entity)
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_what_changes_between_two_pages_is_not_missed(database, lively, ibc, limit):
    phone = a_new_phone(lively)

    for n in range(400):
        page = phone.pull(limit=limit)
        if n % 2 and n < 40:
            office_write(database, ibc.code, a_consumer(ibc.accounts[n % 6], name=f"Name {n}"))
        if not page.more and n >= 40:
            break

    assert held_by(phone) == visible_to(phone)


def test_a_page_of_exactly_the_limit_says_that_there_is_no_more(lively):
    everything = a_new_phone(lively).pull().count

    page = a_new_phone(lively).pull(limit=everything)

    assert (page.count, page.more) == (everything, False)


def test_a_phone_is_not_sent_what_it_wrote(phone, second_phone, ibc):
    phone.pull_all()
    second_phone.pull_all()

    row = phone.put("visit", a_visit(ibc.accounts[0]))
    phone.push(row)

    assert phone.pull().count == 0
    assert put_ids([second_phone.pull()], "visit") == [row["record_id"]]


@pytest.mark.parametrize("limit", [1, 2, 7, 2000])
def test_a_new_phone_is_sent_what_it_wrote_itself(phone, ibc, limit):
    written = [phone.put("visit", a_visit(ibc.accounts[0])) for _ in range(5)]
    phone.push(*written)

    pages = a_new_phone(phone).pull_all(limit=limit)

    assert sorted(put_ids(pages, "visit")) == sorted(row["record_id"] for row in written)


def test_an_edit_sent_while_reading_anew_does_not_hide_the_rest_of_its_record(phone, ibc):
    row = phone.put("meter_issue", an_issue(ibc.accounts[0]))
    phone.push(row)
    edit = phone.put(
        "meter_issue", {"severity": "high"}, record_id=row["record_id"], base_version=1
    )
    anew = a_new_phone(phone)

    anew.pull(limit=1)
    anew.push(edit)
    anew.pull_all(limit=1)

    assert held_by(anew) == visible_to(anew)


def test_a_tombstone_ends_a_record_on_the_other_phone(phone, second_phone, ibc):
    row = phone.put("meter_issue", an_issue(ibc.accounts[0]))
    phone.push(row)
    second_phone.pull_all()

    phone.push(
        phone.put("meter_issue", {}, record_id=row["record_id"], base_version=1, op="delete")
    )
    page = second_phone.pull()

    assert changes_of(page)["meter_issue"]["drop"] == [[row["record_id"], "deleted"]]
    assert not second_phone.has("meter_issue")


def test_a_phone_learns_that_another_deleted_what_it_had_made(phone, second_phone, ibc):
    row = phone.put("meter_issue", an_issue(ibc.accounts[0]))
    phone.push(row)
    phone.pull_all()
    second_phone.pull_all()

    gone = second_phone.put(
        "meter_issue", {}, record_id=row["record_id"], base_version=1, op="delete"
    )
    second_phone.push(gone)
    phone.pull_all()

    assert not phone.has("meter_issue")


def test_a_new_phone_is_not_told_of_the_dead(phone, ibc):
    row = phone.put("meter_issue", an_issue(ibc.accounts[0]))
    phone.push(row)
    phone.push(
        phone.put("meter_issue", {}, record_id=row["record_id"], base_version=1, op="delete")
    )

    pages = a_new_phone(phone).pull_all()

    assert "meter_issue" not in changes_of(pages[0])


def test_an_empty_answer_is_short(phone):
    phone.pull_all()

    answer = phone.pull().json(NOW)

    assert len(answer) < EMPTY_ANSWER_BYTES_MAX


def test_an_idle_phones_cursor_stands_still(phone):
    phone.pull_all()
    cursor = phone.cursor

    phone.pull()

    assert phone.cursor == cursor


# Cursors


def test_a_cursor_of_another_epoch_starts_anew(database, lively):
    lively.pull_all()
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE log_heads SET epoch = 'restored'")

    pages = lively.pull_all(limit=5)

    assert pages[0].epoch == "restored"
    assert set(put_ids(pages, "consumer")) == lively.has("consumer")
    assert held_by(lively) == visible_to(lively)


def test_what_is_no_cursor_is_refused(phone):
    phone.cursor = "nonsense"

    with pytest.raises(NotACursor):
        phone.pull()


def test_a_forged_cursor_shows_nothing_of_other_scopes(phone, colleague, ibc):
    theirs = colleague.put("visit", a_visit(ibc.accounts[4]))
    colleague.push(theirs)
    phone.pull_all()
    phone.cursor += f"~officer:{colleague.officer_id}@0.-1"

    pages = phone.pull_all()

    assert dropped_ids(pages, "visit") == []
    assert all(not page.dropped and not page.leaving for page in pages)


def test_another_officer_sees_nothing_of_mine(phone, colleague, ibc):
    phone.push(phone.put("visit", a_visit(ibc.accounts[0])))

    colleague.pull_all()

    assert not colleague.has("visit")
    assert not colleague.has("consumer")
    assert held_by(colleague) == visible_to(colleague)


def test_another_ibc_sees_nothing_of_ours(database, phone, ibc, other_ibc):
    stranger = a_phone(database, other_ibc)
    phone.push(phone.put("visit", a_visit(ibc.accounts[0])))

    stranger.pull_all()

    assert held_by(stranger) == visible_to(stranger)
    assert not visible_to(phone).keys() & stranger.store.keys()


def test_a_revoked_phone_reads_its_own_scope_and_nothing_else(database, phone, ibc):
    phone.push(
        phone.put("receipt_void", {"collection_id": derived_id("taken"), "reason": "x"}),
        phone.put(
            "collection", a_collection(ibc.accounts[0], "Q3-000001"),
            record_id=derived_id("taken"),
        ),
    )  # fmt: skip
    reader = Reader(
        ibc_id=ibc.code, device_id=phone.device_id, officer_id=phone.officer_id, revoked=True
    )

    with database.read() as connection:
        page = pull(connection, reader, None)

    assert set(changes_of(page)) == {"verdict"}


# Scopes that come and go


def test_a_round_that_is_given_brings_its_stops_and_consumers(database, ibc, colleague):
    colleague.pull_all()

    open_round(database, ibc, "2", 1, ibc.accounts[3:])
    colleague.pull_all(limit=2)

    assert len(colleague.has("stop")) == len(colleague.has("consumer")) == 3
    assert held_by(colleague) == visible_to(colleague)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 8, 2000])
def test_a_round_that_is_taken_leaves_every_trace(database, phone, ibc, limit):
    phone.pull_all()

    close_round(database, ibc)
    pages = phone.pull_all(limit=limit)

    dropped = [scope for page in pages for scope in page.dropped]
    assert sorted(dropped) == sorted([f"round:{ibc.round_id}", f"area:{ibc.areas[0]}"])
    assert not phone.has("stop")
    assert held_by(phone) == visible_to(phone)


def test_a_taken_round_stays_while_the_phone_has_unsent_work(database, phone, ibc):
    phone.pull_all()
    stops = phone.has("stop")

    close_round(database, ibc)
    (first,) = phone.pull_all(pending=3)
    (again,) = phone.pull_all(pending=3)
    leaving, kept = (first.leaving, again.leaving), phone.has("stop")
    last = phone.pull_all(pending=0)

    assert [f"round:{ibc.round_id}" in scopes for scopes in leaving] == [True, True]
    assert kept == stops
    assert f"round:{ibc.round_id}" in [scope for page in last for scope in page.dropped]
    assert held_by(phone) == visible_to(phone)


def test_a_taken_round_is_told_once(database, phone, ibc):
    open_round(database, ibc, "2", 0, ibc.accounts[:3], area=0)
    phone.pull_all()

    close_round(database, ibc)
    first = phone.pull_all()
    again = phone.pull()

    assert [scope for page in first for scope in page.dropped] == [f"round:{ibc.round_id}"]
    assert (again.count, again.dropped, again.leaving) == (0, [], [])
    assert len(again.json(NOW)) < EMPTY_ANSWER_BYTES_MAX


@pytest.mark.parametrize("pending", [0, 2])
def test_a_round_that_is_taken_and_given_back_comes_whole(database, phone, ibc, pending):
    phone.pull_all()
    close_round(database, ibc)
    phone.pull_all(pending=pending)

    close_round(database, ibc, officer=phone.officer_id)
    phone.pull_all(limit=2)

    assert len(phone.has("stop")) == 3
    assert held_by(phone) == visible_to(phone)


def test_what_left_a_scope_while_it_was_taken_is_told_when_it_is_given_back(database, phone, ibc):
    phone.pull_all()
    close_round(database, ibc)
    office_write(database, ibc.code, Put("consumer", ibc.consumers[0], {"area_id": ibc.areas[1]}))
    close_round(database, ibc, officer=phone.officer_id)

    phone.pull_all(limit=2)

    assert ibc.consumers[0] not in phone.has("directory")
    assert held_by(phone) == visible_to(phone)


def test_a_scope_taken_from_one_holder_and_held_by_the_other_is_not_left(database, phone, ibc):
    with database.write() as connection:
        grant(connection, ibc.code, f"device:{phone.device_id}", [f"area:{ibc.areas[0]}"])
    phone.pull_all()
    doors = phone.has("directory")

    close_round(database, ibc)
    pages = phone.pull_all()

    assert f"area:{ibc.areas[0]}" not in [scope for page in pages for scope in page.dropped]
    assert phone.has("directory") == doors


def test_a_scope_held_twice_is_read_once(database, phone, ibc):
    with database.write() as connection:
        grant(connection, ibc.code, f"device:{phone.device_id}", [f"officer:{phone.officer_id}"])

    pages = phone.pull_all()

    assert pages[0].count == len(phone.store)


def test_a_round_moves_from_one_officer_to_the_other(database, phone, colleague, ibc):
    phone.pull_all()
    colleague.pull_all()

    close_round(database, ibc, officer=colleague.officer_id)
    phone.pull_all(limit=3)
    colleague.pull_all(limit=3)

    assert len(colleague.has("stop")) == len(colleague.has("consumer")) == 3
    for one in (phone, colleague):
        assert held_by(one) == visible_to(one)


# Records that move between scopes


@pytest.mark.parametrize("limit", [1, 2, 2000])
def test_a_stop_that_moves_between_two_held_rounds_arrives_as_one_put(database, phone, ibc, limit):
    second = open_round(database, ibc, "2", 0, ibc.accounts[3:])
    phone.pull_all()

    office_write(database, ibc.code, Put("stop", ibc.stops[0], {"round_id": second}))
    pages = phone.pull_all(limit=limit)

    assert put_ids(pages, "stop") == [ibc.stops[0]]
    assert dropped_ids(pages, "stop") == []
    assert phone.see("stop", ibc.stops[0])["round_id"] == second
    assert held_by(phone) == visible_to(phone)


def test_a_stop_that_moves_to_a_colleagues_round_takes_its_consumer_along(
    database, phone, colleague, ibc
):
    theirs = open_round(database, ibc, "2", 1, ibc.accounts[3:])
    phone.pull_all()
    colleague.pull_all()

    office_write(database, ibc.code, Put("stop", ibc.stops[0], {"round_id": theirs}))
    phone.pull_all()
    colleague.pull_all()

    assert ibc.consumers[0] in colleague.has("consumer")
    assert ibc.consumers[0] not in phone.has("consumer")
    for one in (phone, colleague):
        assert held_by(one) == visible_to(one)


def test_a_stop_whose_account_is_corrected_brings_the_right_consumer(database, phone, ibc):
    phone.pull_all()

    office_write(database, ibc.code, Put("stop", ibc.stops[0], {"account_no": ibc.accounts[5]}))
    phone.pull_all()

    assert phone.has("consumer") == {ibc.consumers[n] for n in (1, 2, 5)}
    assert held_by(phone) == visible_to(phone)


# Members of rounds


def test_a_consumer_stays_while_another_open_round_names_it(database, phone, ibc):
    other = open_round(database, ibc, "2", 0, ibc.accounts[1:4])
    phone.pull_all()

    close_round(database, ibc)
    phone.pull_all()
    after_one = phone.has("consumer")
    close_round(database, ibc, round_id=other)
    phone.pull_all()

    assert after_one == set(ibc.consumers[1:4])
    assert not phone.has("consumer")
    assert held_by(phone) == visible_to(phone)


def test_tomorrows_round_sends_only_the_difference(database, phone, ibc):
    phone.pull_all()

    open_round(database, ibc, "2", 0, ibc.accounts[1:4], area=0)
    pages = phone.pull_all()

    assert put_ids(pages, "consumer") == [ibc.consumers[3]]


def test_two_stops_for_one_account_in_one_round_both_hold_it(database, phone, ibc):
    extra = a_stop(new_id(), ibc.round_id, ibc.accounts[0], walk_order=9)
    office_write(database, ibc.code, extra)
    phone.pull_all()

    close_round(database, ibc)
    phone.pull_all()

    assert not phone.has("consumer")
    assert held_by(phone) == visible_to(phone)


def test_a_consumer_its_round_and_its_bill_may_come_in_one_write(database, phone, ibc):
    phone.pull_all()
    account, round_id = "0400099999999", new_id()

    office_write(
        database,
        ibc.code,
        a_round(round_id, ibc.areas[1], phone.officer_id),
        a_stop(new_id(), round_id, account),
        a_consumer(account, area_id=ibc.areas[1]),
        a_bill(account, "B99"),
    )
    phone.pull_all(limit=2)

    assert derived_id("consumer", account) in phone.has("consumer")
    assert held_by(phone) == visible_to(phone)


def test_a_stop_may_name_an_account_before_the_consumer_is_known(database, phone, ibc):
    account = "0400099999999"
    office_write(database, ibc.code, a_stop(new_id(), ibc.round_id, account))
    phone.pull_all()

    office_write(database, ibc.code, a_consumer(account, area_id=ibc.areas[0]))
    phone.pull_all()

    assert derived_id("consumer", account) in phone.has("consumer")
    assert held_by(phone) == visible_to(phone)
