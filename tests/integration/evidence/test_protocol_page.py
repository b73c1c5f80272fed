"""docs/protocol.md is true: its examples are sent to the whole application in their order, its vectors recalculated."""

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth import credentials
from auth.certificates import readmit_bytes
from auth.passwords import hash_secret
from auth.proofs import enrol_bytes, proven, refresh_bytes, to_base64url
from auth.receipts import verify_code
from infra.clock import from_rfc3339
from infra.files import Files
from infra.ids import derived_id, digest
from infra.strict_json import canonical
from sync import snapshot
from sync.books import post
from sync.client_facts import from_base64url, sealed
from sync.digest import buckets_of
from tests.building import NOW, a_put, office_write
from tests.integration.sync.looking import one
from tests.protocol_page import ANY, PAGE, Message, Names, drifts, examples, vectors

TEXT = PAGE.read_text("utf-8")
EXAMPLES = list(examples(TEXT))
VECTORS = vectors(TEXT)
PIN, PASSWORD = "471001", "correct horse battery"
KEY = Ed25519PrivateKey.from_private_bytes(from_base64url(VECTORS["private_key"]))


class Reader:
    """Somebody who does what the page says, and calculates what it says how to calculate."""

    def __init__(self, client, database, app, clock):
        self.client, self.database, self.app, self.clock = client, database, app, clock
        self.names = Names({"<officer_id>": derived_id("DEF", "officer", "1")})
        self.events = {
            "the books are written": self.write_books,
            "the office closes the meter issue": self.close_issue,
            "files of a first download are made": self.make_files,
            "five seconds pass": self.wait,
        }

    def answer(self, example):
        for event in example.before:
            self.events[event]()
        self.calculate(example)
        asked = self.names.filled(example.asked.body)
        answer = self.client.open(
            self.names.filled(example.url),
            method=example.method,
            headers=self.names.filled(dict(example.asked.headers)),
            buffered=True,
            **({} if asked is None else {"json": asked}),
        )
        said = orjson.loads(answer.data) if answer.is_json and answer.data else None
        return Message(f"HTTP/1.1 {answer.status}", dict(answer.headers), said)

    def compare(self, example, came):
        wanted = example.answered
        found = [] if came.line.startswith(wanted.line) else [f"{came.line}: {came.body}"]
        for name, value in wanted.headers.items():
            found += self.names.differences(value, came.headers.get(name), name)
        return found + self.names.differences(wanted.body, came.body)

    def calculate(self, example):
        known, asked = self.names.known, example.asked.body or {}
        if asked.get("proof") == "<enrol_proof>":
            parts = ("device_id", "public_key", "staff_no")
            signed = enrol_bytes(code=known["<code>"], **{name: asked[name] for name in parts})
            known["<enrol_proof>"] = to_base64url(KEY.sign(signed))
        if asked.get("proof") == "<refresh_proof>":
            signed = refresh_bytes(
                device_id=VECTORS["device_id"], refresh_token=known["<refresh_token>"]
            )
            known["<refresh_proof>"] = to_base64url(KEY.sign(signed))
        if asked.get("proof") == "<readmit_proof>":
            signed = readmit_bytes(
                certificate=known["<certificate>"],
                refresh_token=known[asked["refresh_token"]],
                epoch=known[asked["epoch"]],
            )
            known["<readmit_proof>"] = to_base64url(KEY.sign(signed))
        if asked.get("device_id") and "/handin" in example.url:
            # What was handed in as it is, is handed in once more as a file.
            known["<sealed_part>"] = sealed(known["<outbox_key>"], asked)
        if asked.get("code") == "<receipt_code>":
            known["<receipt_code>"] = verify_code(
                from_base64url(known["<receipt_secret>"]),
                receipt_no=asked["no"],
                account_no=asked["account_no"],
                amount_paisa=asked["amount_paisa"],
                occurred_at=from_rfc3339(asked["at"]),
            )
        if asked.get("buckets") == "<buckets>":
            known["<buckets>"] = self.buckets(lambda _entity: True)
        if asked.get("buckets") == "<buckets without stops>":
            known["<buckets without stops>"] = self.buckets(lambda entity: entity != "stop")

    def buckets(self, is_held):
        records, cursor, more = {}, None, True
        while more:
            said = self.client.get(
                "/api/v1/sync/pull",
                query_string={"cursor": cursor} if cursor else {},
                headers={"Authorization": f"Bearer {self.names.known['<access_token>']}"},
            ).json
            for entity, changes in said["changes"].items():
                records |= {(entity, row[0]): row[1] for row in changes["put"]}
            cursor, more = said["cursor"], said["more"]
        held = [(entity, i, version) for (entity, i), version in records.items() if is_held(entity)]
        return [{"count": b.count, "digest": b.digest} for b in buckets_of(held)]

    def write_books(self):
        post(self.database, "DEF", NOW)

    def close_issue(self):
        issue = one(self.database, "SELECT id FROM meter_issues")
        office_write(
            self.database, "DEF", a_put("meter_issue", issue)._replace(fields={"state": "closed"})
        )

    def make_files(self):
        files = Files(self.app.extensions["fieldledger"].settings.files_dir)
        assert snapshot.renew(self.database, files, "DEF", NOW) > 0

    def wait(self):
        self.clock.at += 5_000


@pytest.fixture
def reader(client, database, app, clock, ibc, monkeypatch):
    monkeypatch.setattr(snapshot, "SNAPSHOT_ROWS_MIN", 3)
    people = [
        (ibc.officers[0], "O1042", "Asad Ali", "اسد علی", ["officer"]),
        (derived_id("DEF", "admin"), "A1001", "Sana Khan", "ثنا خان", ["admin"]),
    ]
    for staff_id, number, name, name_ur, roles in people:
        named = {"staff_no": number, "name": name, "name_ur": name_ur, "roles": roles}
        office_write(database, "DEF", a_put("staff", staff_id, active=True, **named))
        with database.write() as connection:
            credentials.keep(
                connection,
                staff_id=staff_id,
                staff_no=number,
                password_hash=hash_secret(PASSWORD),
                pin_hash=hash_secret(PIN),
            )
    return Reader(client, database, app, clock)


def test_every_example_of_the_page_happens_as_it_says_and_no_stale_one_would_pass(reader):
    stale, tried = [], 0
    for example in EXAMPLES:
        came = reader.answer(example)
        found = reader.compare(example, came)
        assert found == [], f"{example.asked.line}\n" + "\n".join(found)
        for worse in drifts(example.answered.body):
            tried += 1
            if not Names(dict(reader.names.known)).differences(worse, came.body):
                stale.append(f"{example.asked.line}: {worse}")
    assert stale == []
    assert tried > 300
    assert len(EXAMPLES) >= 30


@pytest.mark.parametrize(
    ("wanted", "came", "is_true"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, ANY: ANY}, {"a": 1, "b": 2}, True),
        ({"a": 1, ANY: ANY}, {"b": 2}, False),
        ({"a": ANY}, {"a": {"b": 2}}, True),
        ({"a": ANY}, {}, False),
        ([1, ANY], [1, 2, 3], True),
        ([1, ANY], [2, 3], False),
        ([1], [1, 2], False),
        ({"a": "<x>", "b": "<x>"}, {"a": "1", "b": "1"}, True),
        ({"a": "<x>", "b": "<x>"}, {"a": "1", "b": "2"}, False),
    ],
)
def test_an_answer_is_what_the_page_says_or_it_is_not(wanted, came, is_true):
    assert (Names().differences(wanted, came) == []) is is_true


def test_the_vectors_are_what_the_page_says_how_to_calculate():
    mutation, receipt = VECTORS["mutation"], VECTORS["receipt"]
    body = canonical(mutation["said"]).decode()
    enrol, refresh = VECTORS["enrol"], VECTORS["refresh"]

    assert to_base64url(KEY.public_key().public_bytes_raw()) == VECTORS["public_key"]
    assert (body, digest(body)) == (mutation["canonical"], mutation["hash"])
    assert to_base64url(KEY.sign(mutation["hash"].encode())) == mutation["signature"]
    assert canonical(enrol["said"]).decode() == enrol["canonical"]
    assert proven(VECTORS["public_key"], enrol["proof"], enrol["canonical"].encode())
    assert refresh["said"]["refresh_token_sha256"] == digest(refresh["refresh_token"])
    assert proven(VECTORS["public_key"], refresh["proof"], refresh["canonical"].encode())
    assert canonical(refresh["said"]).decode() == refresh["canonical"]
    assert receipt["code"] == verify_code(
        from_base64url(receipt["secret"]),
        receipt_no=receipt["receipt_no"],
        account_no=receipt["account_no"],
        amount_paisa=receipt["amount_paisa"],
        occurred_at=from_rfc3339(receipt["occurred_at"]),
    )
    bucket = VECTORS["bucket"]
    [filled] = [(n, b) for n, b in enumerate(buckets_of([tuple(bucket["record"])])) if b.count]
    assert (filled[0], filled[1].digest) == (bucket["bucket"], bucket["digest"])
