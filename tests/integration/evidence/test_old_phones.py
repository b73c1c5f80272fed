"""Phones of earlier versions: their frozen outboxes are understood, and they read in their own words.

`outboxes/version-N.json` is what a phone of version N froze, signed with its key; the files never change.
"""

from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import sync.effects
from infra.ids import derived_id
from ledger.rebuild import rebuild_gives_the_same
from models import ENTITIES
from models.versions import PROTOCOL, READ_LEAST
from sync.books import post
from sync.client_facts import freeze, from_base64url, head_of, on_the_wire
from sync.digest import buckets_of
from sync.faults import try_again
from sync.intake import read_mutations
from tests.building import NOW, a_bill, office_write
from tests.integration.evidence.street import enrolled
from tests.integration.sync.looking import one, rows

OUTBOXES = Path(__file__).parent / "outboxes"
PAST = range(1, PROTOCOL)
READING = range(READ_LEAST, PROTOCOL)


class OldPhone:
    """What a phone of an earlier version kept, and its own way to ask."""

    def __init__(self, version, client, database, office):
        self.version, self.client = version, client
        self.kept = orjson.loads((OUTBOXES / f"version-{version}.json").read_bytes())
        self.key = Ed25519PrivateKey.from_private_bytes(from_base64url(self.kept["private_key"]))
        self.id = derived_id("old phone", str(version))
        phone = enrolled(client, database, office, 0, now=NOW, key=self.key, device_id=self.id)
        self.token = phone._kept("access_token")

    @property
    def request(self):
        return orjson.loads(orjson.dumps(self.kept["request"]))

    def post(self, path, value):
        return self.client.post(path, json=value, headers=self.headers)

    def get(self, path):
        return self.client.get(path, headers=self.headers)

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    def pull(self, cursor=None):
        cursor = f"&cursor={cursor}" if cursor else ""
        return self.get(f"/api/v1/sync/pull?protocol={self.version}{cursor}").json

    def records(self, said):
        return {
            (entity, row[0]): dict(zip(changes["fields"], row, strict=True))
            for entity, changes in said["changes"].items()
            for row in changes["put"]
        }

    def freeze(self, *parts):
        """Mutations of this phone after those of its file, as it would save them."""
        run, prev = [], self.kept["hashes"][-1]
        for n, (entity, record_id, fields) in enumerate(parts):
            frozen = freeze(
                seq=len(self.kept["hashes"]) + 1 + n,
                prev=prev,
                mutation_id=derived_id("mutation", record_id, str(n)),
                entity=entity,
                op="put",
                record_id=record_id,
                base_version=None,
                occurred_at=NOW,
                fields=fields,
            )
            prev = frozen.hash
            run.append(frozen)
        head = head_of(self.key, run)
        return {"protocol": self.version, "head": head, "mutations": on_the_wire(run)}


@pytest.fixture
def old(client, database, offices, clock):
    return lambda version: OldPhone(version, client, database, offices["DEF"])


def stands(database, entity, record_id):
    table = ENTITIES[entity].table.name
    [row] = rows(database, f"SELECT * FROM {table} WHERE id = :id", id=record_id)
    return row._asdict()


def assert_understood(database, phone):
    entities = {m["record_id"]: m["entity"] for m in phone.request["mutations"]}
    for record_id, wanted in phone.kept["records"].items():
        assert wanted.items() <= stands(database, entities[record_id], record_id).items()


@pytest.mark.parametrize("version", PAST)
@pytest.mark.parametrize("path", ["/api/v1/sync", "/api/v1/sync/push"])
def test_an_old_outbox_is_understood_and_kept_byte_for_byte(database, old, version, path):
    phone = old(version)

    said = phone.post(path, phone.request).json

    assert {o["outcome"] for o in said["outcomes"]} <= {"applied", "merged"}
    assert said["missing"] == []
    assert_understood(database, phone)
    log = rows(
        database,
        "SELECT body, body_hash FROM mutations WHERE author_id = :id AND of_id IS NULL "
        "AND origin = 'device' ORDER BY author_seq",
        id=phone.id,
    )
    assert [row.body_hash for row in log] == phone.kept["hashes"]
    assert [set(orjson.loads(row.body)["fields"]) for row in log] == [
        set(mutation["fields"]) for mutation in phone.request["mutations"]
    ]


@pytest.mark.parametrize("version", PAST)
def test_an_old_outbox_is_handed_in_by_its_signature_alone(database, old, wire, version):
    phone = old(version)
    asked = {name: phone.request[name] for name in ("protocol", "head", "mutations")}

    said = wire.post("/api/v1/sync/handin", asked | {"ibc": "DEF", "device_id": phone.id})

    assert (said["received"], said["missing"]) == (len(phone.kept["hashes"]), [])
    assert_understood(database, phone)


@pytest.mark.parametrize("version", PAST)
def test_an_old_outbox_sent_again_is_a_repeat_even_after_the_app_was_updated(old, version):
    phone = old(version)
    phone.post("/api/v1/sync/push", phone.request)

    again = phone.post("/api/v1/sync/push", phone.request).json["outcomes"]
    claimed = phone.post("/api/v1/sync/push", phone.request | {"protocol": PROTOCOL}).json

    assert all(outcome["replayed"] for outcome in again + claimed["outcomes"])


@pytest.mark.parametrize("version", PAST)
def test_old_money_stands_in_the_books_and_is_found_there_again(database, old, version):
    phone = old(version)
    phone.post("/api/v1/sync/push", phone.request)

    post(database, "DEF", NOW)

    assert in_hand(database) == {1010: 150_000, 1030: 200_000}
    with database.read() as connection:
        assert list(rebuild_gives_the_same(connection, "DEF")) == []


def in_hand(database):
    """What the officer carries, by account of the chart."""
    found = rows(
        database,
        "SELECT account_code AS code, sum(amount_paisa) AS paisa FROM postings "
        "WHERE side = 'D' AND account_code BETWEEN 1010 AND 1099 GROUP BY account_code",
    )
    return {row.code: int(row.paisa) for row in found}


@pytest.mark.parametrize("claimed", range(1, PROTOCOL + 1))
@pytest.mark.parametrize("version", PAST)
def test_whatever_version_a_carrier_names_the_money_is_understood(
    database, old, wire, version, claimed
):
    phone = old(version)
    asked = {"head": phone.request["head"], "mutations": phone.request["mutations"]}

    wire.post(
        "/api/v1/sync/handin",
        asked | {"protocol": claimed, "ibc": "DEF", "device_id": phone.id},
    )
    post(database, "DEF", NOW)

    assert in_hand(database) == {1010: 150_000, 1030: 200_000}


def test_bytes_that_were_changed_on_the_way_are_held(old):
    phone = old(2)
    asked = phone.request
    asked["mutations"][-1]["fields"]["outcome"] = "vacant"

    outcomes = phone.post("/api/v1/sync/push", asked).json["outcomes"]

    assert {o.get("code") for o in outcomes} == {"SIGNATURE_BAD"}


def test_old_money_with_something_wrong_about_it_is_held_and_not_refused(database, old, offices):
    phone = old(1)
    phone.post("/api/v1/sync/push", phone.request)
    record_id = derived_id("odd")
    fields = taken(offices, "A0-000003", tender="gold", amount_rupees=7)

    [outcome] = phone.post(
        "/api/v1/sync/push", phone.freeze(("collection", record_id, fields))
    ).json["outcomes"]
    post(database, "DEF", NOW)

    assert (outcome["outcome"], outcome["code"]) == ("held", "MALFORMED")
    assert one(database, "SELECT amount_paisa FROM exceptions WHERE kind = 'MALFORMED'") == 700
    assert in_hand(database)[1010] == 150_000 + 700


def taken(offices, receipt_no, **fields):
    return {"receipt_no": receipt_no, "account_no": offices["DEF"].accounts[0], **fields}


def test_what_waited_in_old_words_is_released_in_todays(database, old, offices):
    phone = old(2)
    phone.post("/api/v1/sync/push", phone.request)
    money, void = derived_id("late money"), derived_id("early void")
    fields = taken(offices, "A0-000004", tender="cash", amount_paisa=700_00)

    said = phone.post(
        "/api/v1/sync/push",
        phone.freeze(
            ("receipt_void", void, {"receipt_id": money, "reason": "wrong consumer"}),
            ("collection", money, fields),
        ),
    ).json["outcomes"]

    assert [o["outcome"] for o in said] == ["waiting", "applied"]
    assert stands(database, "receipt_void", void)["collection_id"] == money


def test_what_our_code_failed_on_is_tried_again_in_its_own_words(
    database, old, offices, monkeypatch
):
    phone = old(2)
    phone.post("/api/v1/sync/push", phone.request)
    visit = derived_id("a door")

    def fail(_writing, changes):
        raise ZeroDivisionError(f"our own fault, with {len(changes)} changes")

    with monkeypatch.context() as broken:
        broken.setattr(sync.effects, "EFFECTS", {**sync.effects.EFFECTS, "visit": fail})
        said = phone.freeze(
            ("visit", visit, {"account_no": offices["DEF"].accounts[0], "outcome": "closed"})
        )
        phone.post("/api/v1/sync/push", said)

    assert try_again(database, "DEF", NOW) == 1
    assert stands(database, "visit", visit)["outcome"] == "locked"


@pytest.mark.parametrize("version", READING)
def test_an_old_phone_reads_documents_in_its_own_words(database, old, version):
    phone = old(version)
    phone.post("/api/v1/sync/push", phone.request)

    shown = phone.records(phone.pull())

    [money] = [
        row for (e, _), row in shown.items() if e == "collection" and row["tender"] == "cash"
    ]
    [issue] = [row for (entity, _), row in shown.items() if entity == "meter_issue"]
    [door] = [row for (e, _), row in shown.items() if e == "visit" and row["outcome"] != "promise"]
    assert money["payer"] == "Asad Ali, +923001234567"
    assert "payer_name" not in money
    assert (issue["severity"], "safety" in issue) == ("dangerous", False)
    assert door["outcome"] == ("closed" if version == 2 else "locked")
    assert ("cheque_no" in money) is (version == 2)


@pytest.mark.parametrize("version", [*READING, PROTOCOL])
def test_an_entity_that_a_version_does_not_know_is_not_sent(database, offices, old, version):
    phone = old(READ_LEAST)
    phone.version = version
    post(database, "DEF", NOW)
    office_write(database, "DEF", a_bill(offices["DEF"].accounts[0], "INV-1"))
    post(database, "DEF", NOW)

    shown = phone.records(phone.pull())

    assert any(entity == "bill" for entity, _ in shown)
    assert any(entity == "position" for entity, _ in shown) is (version >= 3)


@pytest.mark.parametrize("version", READING)
def test_a_cursor_reads_on_in_its_own_version_and_from_the_beginning_in_another(old, version):
    phone = old(version)
    first = phone.pull()

    again = phone.pull(first["cursor"])
    updated = phone.get(f"/api/v1/sync/pull?cursor={first['cursor']}").json

    assert (again["changes"], again["cursor"]) == ({}, first["cursor"])
    assert updated["changes"].keys() == first["changes"].keys() | updated["changes"].keys()
    assert updated["changes"]["consumer"] == first["changes"]["consumer"]


@pytest.mark.parametrize("version", READING)
def test_an_old_phone_is_equal_by_digest_and_is_repaired_in_its_own_words(database, old, version):
    phone = old(version)
    phone.post("/api/v1/sync/push", phone.request)
    page = phone.pull()
    held = [(*key, row["version"]) for key, row in phone.records(page).items()]

    def compare(records):
        asked = {
            "protocol": version,
            "epoch": page["epoch"],
            "cursor": page["cursor"],
            "buckets": [{"count": b.count, "digest": b.digest} for b in buckets_of(records)],
        }
        return phone.post("/api/v1/sync/digest", asked).json

    without = [record for record in held if record[0] != "meter_issue"]
    said = compare(without)

    assert compare(held)["equal"] is True
    assert said["equal"] is False
    [issue] = [row for (entity, _), row in phone.records(said).items() if entity == "meter_issue"]
    assert issue["severity"] == "dangerous"


@pytest.mark.parametrize("version", READING)
def test_an_old_phones_first_download_is_a_pull(old, version):
    phone = old(version)

    manifest = phone.get(f"/api/v1/sync/snapshot?protocol={version}").json

    assert manifest["parts"] == []
    assert phone.pull(manifest["cursor"])["changes"].keys() == phone.pull()["changes"].keys()


def test_a_phone_too_old_to_read_hands_in_and_is_told_how_to_update(database, old):
    phone = old(READ_LEAST - 1)

    said = phone.post("/api/v1/sync", phone.request).json

    assert {o["outcome"] for o in said["outcomes"]} <= {"applied", "merged"}
    assert (said["changes"], said["more"], said["orders"]) == ({}, False, ["update_app"])
    assert said["problem"]["do"] == "update-app"
    assert said["problem"]["how"].keys() == {"code", "en", "ur"}
    assert_understood(database, phone)


@pytest.mark.parametrize(
    "ask",
    [
        lambda phone: phone.get("/api/v1/sync/pull?protocol=1"),
        lambda phone: phone.get("/api/v1/sync/snapshot?protocol=1"),
        lambda phone: phone.post(
            "/api/v1/sync/digest",
            {"protocol": 1, "epoch": None, "buckets": [{"count": 0, "digest": "0" * 32}] * 64},
        ),
    ],
    ids=["pull", "snapshot", "digest"],
)
def test_whatever_only_reads_is_refused_with_how_to_update(old, ask):
    answer = ask(old(READ_LEAST - 1))

    assert answer.status_code == 426
    assert (answer.json["type"], answer.json["do"]) == ("/problems/outdated", "update-app")
    assert "office" in answer.json["how"]["en"]


def test_a_phone_newer_than_the_server_keeps_its_outbox(database, old):
    phone = old(3)

    answer = phone.post("/api/v1/sync/push", phone.request | {"protocol": PROTOCOL + 1})

    assert answer.status_code == 400
    assert answer.json["errors"].keys() == {"protocol"}
    assert one(database, "SELECT count(*) FROM mutations WHERE origin = 'device'") == 0


def test_todays_phone_is_not_upgraded():
    row = {"entity": "collection", "fields": {"payer": "as it came"}}

    [today], [old_one] = read_mutations([dict(row)], NOW), read_mutations([dict(row)], NOW, 3)

    assert "payer" in today.fields
    assert "payer_name" in old_one.fields
    assert today.body_hash == old_one.body_hash
