"""The first download: shared files, cut at any byte, that go over into the pull without a gap."""

import gzip
import hashlib

import orjson
import pytest

from sync import snapshot
from sync.client import Lost, Refused
from sync.office import Put
from tests.building import NOW, a_bill, changes_of, office_write
from tests.integration.first.phones import a_device, difference, settle
from tests.integration.sync.looking import rows

DAY_MS = 24 * 3600 * 1000
MANIFEST = "/api/v1/sync/snapshot"
ISSUE = {"fault_code": "stuck", "severity": "normal", "safety": False, "remark": "stands still"}


@pytest.fixture
def manifest(device, wire, renew):
    renew()
    return wire.get(MANIFEST, device.store.kept("access_token"))


def get(wire, device, path, **headers):
    token = device.store.kept("access_token")
    return wire.client.get(
        path, headers={"Authorization": f"Bearer {token}", **headers}, buffered=True
    )


def test_a_phone_that_downloads_ends_with_what_it_may_see(device, manifest, wire):
    assert len(manifest["parts"]) > 2
    assert device.download() == sum(part["records"] for part in manifest["parts"])

    settle(device)

    assert difference(device) == {}


def test_what_was_in_the_files_does_not_come_again(device, manifest):
    device.download()
    loaded = dict(device.store.contents())

    device.phone.cursor = device.store.kept("cursor")
    pages = device.phone.pull_all()

    brought = {
        (name, row[0])
        for page in pages
        for name, said in changes_of(page).items()
        for row in said["put"]
    }
    assert brought & loaded.keys() == set()


@pytest.mark.parametrize("cut_after", [1, 2, 37, 100, 333])
def test_a_download_cut_at_every_so_many_bytes_goes_on_where_it_was(
    device, manifest, wire, cut_after
):
    wire.cut_after = cut_after
    cuts = 0
    while True:
        try:
            device.download()
            break
        except Lost:
            cuts += 1
    settle(device)

    assert difference(device) == {}
    whole = sum(part["bytes"] for part in manifest["parts"])
    assert cuts >= whole // cut_after - len(manifest["parts"])
    # Not one byte came twice.
    assert sum(size for _, size in wire.fetched) == whole


def test_bytes_that_are_not_those_of_the_name_are_fetched_anew(device, manifest):
    part = manifest["parts"][0]
    device.store.keep_chunk(part["sha256"], 0, b"x" * (part["bytes"] - 1))

    with pytest.raises(Lost, match="not those of its name"):
        device.download()
    device.download()
    settle(device)

    assert difference(device) == {}


def test_every_file_is_gzip_of_headers_and_rows_named_by_its_hash(device, manifest, wire):
    for part in manifest["parts"]:
        answer = get(wire, device, part["url"], **{"Accept-Encoding": "br, zstd, gzip"})
        content = answer.get_data()
        header, *others = map(orjson.loads, gzip.decompress(content).splitlines())

        assert hashlib.sha256(content).hexdigest() == part["sha256"]
        assert len(content) == part["bytes"]
        assert set(header) == {"entity", "fields"}
        assert sum(isinstance(line, list) for line in others) == part["records"] <= 4
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["ETag"] == f'"{part["sha256"]}"'
        assert "private" in answer.headers["Cache-Control"]
        assert "immutable" in answer.headers["Cache-Control"]


def test_a_range_is_answered_with_its_bytes(device, manifest, wire):
    part = manifest["parts"][0]
    whole = get(wire, device, part["url"]).get_data()
    etag = f'"{part["sha256"]}"'

    middle = get(wire, device, part["url"], Range="bytes=10-19")
    rest = get(wire, device, part["url"], Range="bytes=10-", **{"If-Range": etag})
    other = get(wire, device, part["url"], Range="bytes=10-", **{"If-Range": '"other"'})
    beyond = get(wire, device, part["url"], Range=f"bytes={len(whole)}-")
    known = get(wire, device, part["url"], **{"If-None-Match": etag})

    assert (middle.status_code, middle.get_data()) == (206, whole[10:20])
    assert middle.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    assert (rest.status_code, rest.get_data()) == (206, whole[10:])
    assert (other.status_code, other.get_data()) == (200, whole)
    assert beyond.status_code == 416
    assert (known.status_code, known.get_data()) == (304, b"")


def test_a_foreign_part_and_one_that_never_was_look_the_same(
    database, ibc, other_ibc, device, wire, renew, manifest
):
    stranger = a_device(database, other_ibc, wire)
    colleague = a_device(database, ibc, wire, officer=1)
    own = {
        row.sha256
        for row in rows(database, "SELECT sha256 FROM snapshot_parts WHERE scope LIKE 'officer%'")
    }
    assert own & {part["sha256"] for part in manifest["parts"]}

    for sha256 in own:
        for other in (stranger, colleague):
            foreign = get(wire, other, f"{MANIFEST}/parts/{sha256}")
            unknown = get(wire, other, f"{MANIFEST}/parts/{'0' * 64}")
            assert (foreign.status_code, foreign.json) == (404, unknown.json)
    assert get(wire, device, f"{MANIFEST}/parts/..%2f..%2fsecret_key").status_code == 404


def test_scope_is_checked_at_every_fetch(database, ibc, device, manifest, wire):
    round_part = rows(database, "SELECT sha256 FROM snapshot_parts WHERE scope LIKE 'round%'")[0]
    path = f"{MANIFEST}/parts/{round_part.sha256}"
    assert get(wire, device, path).status_code == 200

    office_write(database, ibc.code, Put("round", ibc.round_id, {"officer_id": ibc.officers[1]}))

    assert get(wire, device, path).status_code == 404


def test_a_scope_taken_between_manifest_and_pull_is_dropped(database, ibc, device, manifest):
    device.download()
    office_write(database, ibc.code, Put("round", ibc.round_id, {"officer_id": ibc.officers[1]}))

    settle(device)

    assert device.store.rows("stop") == []
    assert difference(device) == {}


def test_what_was_deleted_after_the_snapshot_is_dropped(database, ibc, device, renew):
    settle(device)
    mutation = device.record("meter_issue", ISSUE | {"account_no": ibc.accounts[0]})
    record_id = mutation.record_id
    settle(device)
    renew()
    device.record("meter_issue", {}, record_id=record_id, base_version=1, op="delete")
    settle(device)

    device.download()
    assert device.store.row("meter_issue", record_id) is not None
    settle(device)

    assert device.store.row("meter_issue", record_id) is None
    assert difference(device) == {}


def test_what_a_phone_wrote_while_it_downloaded_is_not_undone(device, ibc, manifest):
    """The part holds the stop as it was; the phone has moved it on since the manifest."""
    settle(device)
    stop = ibc.stops[0]
    device.record(
        "stop", {"state": "visited"}, record_id=stop, base_version=device.version("stop", stop)
    )
    settle(device)

    device.download()
    settle(device)

    assert difference(device) == {}


def test_a_snapshot_is_made_anew_when_more_than_a_fifth_has_changed(database, ibc, renew, device):
    renew()
    before = _current(database)
    scope = f"officer:{ibc.officers[0]}"
    fifth = before[scope].record_count // 5

    office_write(database, ibc.code, *_bills(ibc, range(fifth)))
    assert renew() == 0
    office_write(database, ibc.code, *_bills(ibc, range(fifth, fifth + 1)))

    assert renew() == 1
    after = _current(database)
    assert after[scope].record_count == before[scope].record_count + fifth + 1
    assert {key: row for key, row in after.items() if key != scope} == {
        key: row for key, row in before.items() if key != scope
    }


def test_small_scopes_are_left_to_the_pull(database, ibc, files, device, wire):
    assert snapshot.renew(database, files, ibc.code, NOW) == 0

    found = wire.get(MANIFEST, device.store.kept("access_token"))
    assert found["parts"] == []
    assert device.download() == 0
    settle(device)

    assert difference(device) == {}


def test_making_it_twice_makes_the_same_files(database, ibc, files, renew, device):
    renew()
    before = rows(database, "SELECT * FROM snapshot_parts ORDER BY sha256")
    for scope in _current(database):
        snapshot._make(database, files, ibc.code, scope, NOW + 5)

    assert rows(database, "SELECT * FROM snapshot_parts ORDER BY sha256") == before


def test_replaced_parts_are_kept_for_a_day_and_then_deleted(database, ibc, files, renew, device):
    renew()
    old = {row.sha256 for row in rows(database, "SELECT sha256 FROM snapshot_parts")}
    office_write(database, ibc.code, *_bills(ibc, range(30)))
    renew()
    young = max(path.stat().st_mtime_ns for path in files.folder.glob("??/*")) // 1_000_000

    snapshot.sweep(database, files, NOW + DAY_MS // 2)
    assert all(files.find(name) for name in old)
    snapshot.sweep(database, files, young + 2 * DAY_MS)

    named = {row.sha256 for row in rows(database, "SELECT sha256 FROM snapshot_parts")}
    assert old - named
    assert not any(files.find(name) for name in old - named)
    assert all(files.find(name) for name in named)


def test_a_file_that_is_lost_is_made_again(database, files, renew, device):
    renew()
    lost = rows(database, "SELECT sha256 FROM snapshot_parts")[0].sha256
    files.delete(lost)

    renew()

    assert files.find(lost)


def test_a_part_that_was_replaced_long_ago_is_asked_for_by_a_new_manifest(
    database, ibc, files, device, renew, wire, monkeypatch
):
    renew()
    old = wire.get(MANIFEST, device.store.kept("access_token"))
    office_write(database, ibc.code, *_bills(ibc, range(30)))
    renew()
    snapshot.sweep(database, files, NOW + 3650 * DAY_MS)
    with monkeypatch.context() as patch:
        patch.setattr(wire, "get", lambda *_: old)
        with pytest.raises(Refused):
            device.download()

    device.download()
    settle(device)

    assert difference(device) == {}


def test_a_phone_of_another_epoch_pulls_anew(database, device, manifest):
    device.download()
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE log_heads SET epoch = 'another'")

    settle(device)

    assert device.store.kept("epoch") == "another"
    assert difference(device) == {}


def _current(database):
    found = rows(database, "SELECT * FROM snapshots WHERE replaced_at IS NULL ORDER BY scope")
    return {row.scope: row for row in found}


def _bills(ibc, numbers):
    return [a_bill(ibc.accounts[n % 3], f"INV-{n}") for n in numbers]
