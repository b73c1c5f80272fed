"""A phone against a server of a few lines: what it sends again, what it keeps, and what it lets go."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.client import Device, Lost, NotEnrolled, Refused, Store
from sync.client_http import WAIT_SECONDS_MAX, wait_seconds

NOW = 1_775_638_780_003
ENROLLED = {
    "device_id": "0196cccc-0000-7000-8000-000000000001",
    "ibc": "DEF",
    "staff": {"id": "officer", "staff_no": "O1001"},
    "receipt_secret": "A" * 43,
    "receipt_block": {"prefix": "A0", "first_serial": 1, "last_serial": 500, "certificate": "a.b"},
    "certificate": "a.b",
    "outbox_key": "A" * 43,
    "epoch": "one",
    "access_token": "first",
    "refresh_token": "refresh",
}
CHANGES = {"area": {"fields": ["id", "version", "name"], "put": [["a", 1, "Gizri"]], "drop": []}}
VISIT = {"account_no": "0400012345678", "outcome": "paid"}


class FakeServer:
    """Answers from a script, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.script: list[Callable[[dict[str, Any]], dict[str, Any]]] = []

    def post(self, path, value, token=None, *, packed=False):
        self.asked.append({"path": path, "token": token, "packed": packed, **value})
        if path.endswith("/enrol"):
            return ENROLLED
        if path.endswith("/refresh"):
            return {"access_token": "second", "refresh_token": "refreshed"}
        return (self.script.pop(0) if self.script else an_answer())(value)


def an_answer(*, outcome="applied", **differences):
    """An answer that takes everything, but for what the test says."""

    def answer(asked):
        said = {"outcome": outcome, "version": 1, "replayed": False}
        outcomes = [{"id": one["id"], **said} for one in asked["mutations"]]
        usual = {
            "epoch": "one",
            "safe_seq": 0,
            "outcomes": outcomes,
            "missing": [],
            "changes": {},
            "cursor": "c1",
            "more": False,
            "retry_after_s": 60,
            "orders": [],
        }
        return usual | differences

    return answer


def lost(_asked):
    raise Lost("the answer was lost")


def refused(status):
    def answer(_asked):
        raise Refused("/api/v1/sync", status, {})

    return answer


@pytest.fixture
def server():
    return FakeServer()


@pytest.fixture
def device(server):
    made = Device(server, now=lambda: NOW)
    made.enrol("7QK2M9ZT", "O1001", "471001")
    server.asked.clear()
    return made


def no_pause(_seconds):
    return None


def sent(server):
    return [[one["seq"] for one in asked["mutations"]] for asked in server.asked]


def test_without_an_enrolment_there_is_nobody(server):
    with pytest.raises(NotEnrolled):
        Device(server).exchange()


def test_a_phone_that_enrols_again_asks_as_the_same_phone(server):
    device = Device(server)
    device.enrol("7QK2M9ZT", "O1001", "471001")
    device.enrol("7QK2M9ZT", "O1001", "471001")

    first, second = server.asked

    assert first == second


def test_a_lost_answer_sends_the_same_bytes_again(server, device):
    device.record("visit", VISIT)
    server.script = [lost]

    device.settle(no_pause)

    first, second = server.asked
    assert first["mutations"] == second["mutations"]
    assert first["head"] == second["head"]
    assert device.store.pending() == 0


def test_what_is_held_back_stays_and_leaves_a_gap(server, device):
    for _ in range(4):
        device.record("visit", VISIT)

    device.settle(no_pause, held_back=frozenset({2}))
    device.settle(no_pause)

    assert sent(server) == [[1], [3, 4], [2]]


def test_a_number_that_the_server_misses_is_sent_again(server, device):
    device.record("visit", VISIT)
    device.settle(no_pause)
    server.script = [an_answer(missing=[1])]

    device.settle(no_pause)

    assert sent(server) == [[1], [], [1]]


def test_a_request_that_is_too_large_is_sent_in_halves(server, device):
    for _ in range(4):
        device.record("visit", VISIT)
    server.script = [refused(413)]

    device.settle(no_pause)

    assert sent(server) == [[1, 2, 3, 4], [1, 2], [3, 4]]


def test_an_access_token_that_has_run_out_is_refreshed_once(server, device):
    server.script = [refused(401)]

    device.exchange()

    assert [asked["token"] for asked in server.asked] == ["first", None, "second"]
    assert server.asked[1]["refresh_token"] == "refresh"


def test_what_was_applied_is_kept_as_a_record(device):
    mutation = device.record("visit", VISIT)
    device.settle(no_pause)

    row = device.store.row("visit", mutation.record_id)

    assert row["version"] == 1
    assert row["occurred_at"] == "2026-04-08T08:59:40.003Z"
    assert row["outcome"] == "paid"


@pytest.mark.parametrize("outcome", ["waiting", "rejected", "merged", "conflict"])
def test_what_was_not_applied_as_it_is_waits_for_the_servers_word(server, device, outcome):
    mutation = device.record("visit", VISIT)
    server.script = [an_answer(outcome=outcome)]
    device.settle(no_pause)

    assert device.store.row("visit", mutation.record_id) is None


def test_the_servers_row_in_the_same_answer_wins(server, device):
    mutation = device.record("visit", VISIT)
    row = {"fields": ["id", "version", "outcome"], "drop": []}
    row["put"] = [[mutation.record_id, 2, "part_paid"]]
    server.script = [an_answer(changes={"visit": row})]

    device.settle(no_pause)

    assert device.store.row("visit", mutation.record_id)["outcome"] == "part_paid"


def test_a_page_is_applied_as_a_whole_or_not_at_all(server, device):
    broken = {"fields": ["id", "version"], "put": [["b", 1, "one too many"]], "drop": []}
    mutation = device.record("visit", VISIT)
    server.script = [an_answer(changes={**CHANGES, "stop": broken})]

    with pytest.raises(ValueError, match="longer"):
        device.exchange()

    assert device.store.rows("area") == []
    assert device.store.kept("cursor") is None
    assert [one.id for one in device.store.waiting()] == [mutation.id]


def test_pages_are_asked_for_while_there_are_more(server, device):
    server.script = [an_answer(more=True, changes=CHANGES), an_answer(cursor="c2")]

    device.settle(no_pause)

    assert [asked["cursor"] for asked in server.asked] == [None, "c1"]
    assert device.store.kept("cursor") == "c2"


def test_a_dropped_row_goes(server, device):
    drop = {"area": {"fields": ["id", "version", "name"], "put": [], "drop": [["a", "deleted"]]}}
    server.script = [an_answer(changes=CHANGES), an_answer(changes=drop)]
    device.exchange()

    device.exchange()

    assert device.store.rows("area") == []


def test_a_new_epoch_empties_the_records_and_offers_what_no_backup_holds(server, device):
    for _ in range(3):
        device.record("visit", VISIT)
    restored = an_answer(epoch="two", safe_seq=2)
    server.script = [an_answer(changes=CHANGES), restored, restored]
    device.settle(no_pause)

    device.settle(no_pause)

    assert sent(server) == [[1, 2, 3], [], [3]]
    assert device.store.rows("area") == []
    assert device.store.kept("epoch") == "two"


def test_what_is_in_a_backup_is_forgotten_and_the_chain_goes_on(server, device):
    first = device.record("visit", VISIT)
    server.script = [an_answer(safe_seq=1)]
    device.settle(no_pause)

    second = device.record("visit", VISIT)

    assert device.store.outcomes() == {}
    assert (second.seq, second.said["prev"]) == (2, first.hash)


def test_an_edit_counts_the_edits_that_wait(device):
    issue = device.record("meter_issue", {"fault_code": "slow"})
    offline = device.version("meter_issue", issue.record_id)
    device.settle(no_pause)

    assert (offline, device.version("meter_issue", issue.record_id)) == (1, 1)
    assert device.version("meter_issue", "never seen") is None


def test_receipt_numbers_go_up_and_carry_their_code(device):
    money = {"account_no": None, "tender": "cash", "amount_paisa": 100_00}

    (first, fact), (second, _) = device.collect(money), device.collect(money)

    assert (first.number, second.number) == ("A0-000001", "A0-000002")
    said = fact.said["fields"]
    assert (said["receipt_no"], said["verify_code"]) == (first.number, first.code)


def test_a_phone_that_is_switched_off_keeps_everything(server, tmp_path):
    path = str(tmp_path / "phone.db")
    device = Device(server, Store(path), now=lambda: NOW)
    device.enrol("7QK2M9ZT", "O1001", "471001")
    mutation = device.record("visit", VISIT)
    device.store.close()

    again = Device(server, Store(path), now=lambda: NOW)

    assert [one.hash for one in again.store.waiting()] == [mutation.hash]
    assert again.id == ENROLLED["device_id"]


def test_a_phone_gives_up_after_many_losses_and_keeps_its_outbox(server, device):
    device.record("visit", VISIT)
    server.script = [lost] * 100

    with pytest.raises(Lost):
        device.settle(no_pause)

    assert device.store.pending() == 1


@pytest.mark.parametrize(
    ("failures", "chance", "told", "seconds"),
    [
        (1, 1.0, 0.0, 1.0),
        (2, 1.0, 0.0, 2.0),
        (4, 0.5, 0.0, 4.0),
        (1, 0.0, 5.0, 5.0),
        (1000, 1.0, 0.0, WAIT_SECONDS_MAX),
    ],
)
def test_the_wait_doubles_under_a_ceiling(failures, chance, told, seconds):
    assert wait_seconds(failures, chance=chance, told_seconds=told) == seconds


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 60))
def test_nobody_comes_back_before_he_was_told_to(failures, chance, told):
    waited = wait_seconds(failures, chance=chance, told_seconds=told)

    assert told <= waited <= told + WAIT_SECONDS_MAX


def test_the_witness_is_kept_as_it_came(server, device):
    witness = {"ibc": "DEF", "seq": 7, "hash": "a" * 64, "at": "…", "signature": "…"}
    server.script = [an_answer(witness=witness)]

    device.exchange()

    assert device.store.kept("witness") == witness
