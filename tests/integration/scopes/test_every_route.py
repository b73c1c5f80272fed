"""Two IBCs, every route, every role, every phone: nothing of the one is ever in an answer to the other."""

import orjson
import pytest

from auth import tokens
from auth.keys import keys_of
from auth.roles import Role
from auth.tokens import Claims
from infra.clock import rfc3339
from infra.database import fetch, insert_rows
from infra.files import Files
from infra.ids import derived_id, digest
from infra.tenancy import within
from models import ENTITIES
from models.declaration import Owner
from models.reconciliation import Suggestion
from models.snapshot import Snapshot, SnapshotPart
from schemas.samples import sample_put
from sync import billing_export, reading, statement_files, uploads
from sync.attachment_settling import settle
from sync.attachments import Settled
from sync.billing_import import take_in
from sync.books import post
from sync.office import Put
from sync.pull import pull
from sync.tie_out import tie_out
from tests.building import (
    NOW,
    a_collection,
    a_phone,
    a_put,
    a_visit,
    an_issue,
    office_write,
    words,
)
from tests.conformance.deeds import MADE_BY_PHONES, a_deed
from tests.integration.billing.conftest import a_file, a_row
from tests.integration.office.conftest import SECRET_KEY
from tests.integration.office.desk import a_key
from tests.integration.scopes.prober import Probe, Prober, secrets_of
from tests.integration.statements.sending import BANK_SOURCE, bank_day

PART_SHA256 = "f" * 64
FILLED = (
    *("area", "consumer", "meter", "bill", "notice", "round", "stop"),
    *("disconnection_order", "question", "alert"),
)


@pytest.fixture
def phones(database, ibc, two_ibcs, tmp_path):
    """A phone of DEF and one of CLF, where there is a record of everything."""
    made = {"DEF": a_phone(database, ibc, name="7"), "CLF": a_phone(database, two_ibcs, name="7")}
    for office in (ibc, two_ibcs):
        for n, officer in enumerate(office.officers):
            card = {"roles": ["officer"], "active": True, "name": f"{office.code} officer {n}"}
            office_write(database, office.code, Put("staff", officer, card))
        label = {"state": "active", "public_label": f"{office.code}-7"}
        card = a_put("device", made[office.code].device_id, staff_id=office.officers[0], **label)
        office_write(database, office.code, card)
    # The same of everything at DEF, so that a secret is what only CLF has.
    for office, bird in ((ibc, "plain"), (two_ibcs, "canary")):
        fill(database, office, made[office.code], bird)
        files_of_billing(database, office, bird, tmp_path)
        a_statement(database, office, bird, tmp_path / "statements")
    return made


def fill(database, office, phone, bird):
    """Records with this bird in every text, and of everything that phones make."""
    links = {
        "account_no": office.accounts[0],
        "area_id": office.areas[0],
        "round_id": office.round_id,
        "officer_id": office.officers[0],
        "invoice_no": f"{bird}-invoice".upper(),
        "notice_no": f"{bird}-notice".upper(),
        "meter_no": f"{bird}-meter".upper(),
        "slip_no": f"{bird}-slip".upper(),
        "order_no": f"{bird}-order".upper(),
    }
    account_no = f"{office.accounts[0][:2]}00000000099"
    named = {"consumer": {"account_no": account_no}, "round": {"state": "assigned"}}
    named["stop"] = {"state": "pending"}
    named["cash_session"] = {"opening_paisa": 0}
    named["handover"] = {"state": "offered"}
    puts = []
    of_desks = ("cash_session", "handover", "loss_report", "deposit", "adjustment")
    for name in (*FILLED, *of_desks):
        entity = ENTITIES[name]
        fields = sample_put(entity, Owner.OFFICE)
        fields = {n: f"{bird} {name} {n}" if v == "Sample text" else v for n, v in fields.items()}
        fields |= {n: v for n, v in links.items() if n in entity.field} | named.get(name, {})
        puts.append(Put(name, derived_id(bird, name), fields))
    office_write(database, office.code, *puts)
    receipt_no = f"{office.code[:2]}07-000001"
    paid = phone.put(
        "collection", a_collection(office.accounts[0], receipt_no, payer_name=f"{bird} payer")
    )
    cheque = {"tender": "cheque", "bank": f"{bird} bank", "instrument_date": "2026-04-08"}
    cheque["instrument_no"] = f"{bird}-cheque".upper()
    receipt_no = f"{office.code[:2]}07-000009"
    phone.push(phone.put("collection", a_collection(office.accounts[1], receipt_no, **cheque)))
    void = {"collection_id": paid["record_id"], "reason": f"{bird} void"}
    phone.push(paid, phone.put("receipt_void", void))
    for entity in MADE_BY_PHONES:
        if entity.name not in ("collection", "receipt_void"):
            phone.push_one(a_deed(phone, office, entity))
    # Two officers at one door: a case for the desk.
    for n in (0, 1):
        visitor = a_phone(database, office, n, name="8")
        visitor.push(visitor.put("visit", a_visit(office.accounts[0], stop_id=office.stops[0])))
    photograph(database, phone, paid["record_id"], digest(f"{bird} photograph"))
    key = {"ibc_id": office.code, "scope": f"ibc:{office.code}", "seq": 1, "n": 0}
    part = {"part_no": 1, "sha256": PART_SHA256, "byte_count": 1, "record_count": 1}
    with database.write() as connection:
        whole = {**key, "record_count": 1, "made_at": NOW}
        insert_rows(connection, Snapshot.__table__, [whole])
        insert_rows(connection, SnapshotPart.__table__, [{**key, **part}])


def files_of_billing(database, office, bird, folder):
    """A file that billing sent with a row that was refused, one that we sent, and a tie-out of both."""
    code = office.code
    puts = [
        a_put(kind, derived_id(bird, kind), reason=f"{bird} {kind}") for kind in ("refund", "fee")
    ]
    office_write(database, code, *puts)
    path = folder / f"{bird}.csv"
    path.write_bytes(a_file([a_row("hold", hold_no=f"{bird}-hold", account_no="no account")]))
    with within(code):
        take_in(database, code, ENTITIES["hold"], path, name=path.name, author_id=bird, now=NOW)
        post(database, code, NOW)
        billing_export.make(database, code, author_id=bird, now=NOW)
        dues = b"account_no,balance_paisa\n%s,123456\n" % office.accounts[0].encode()
        upto = {"as_of": "2026-04-08", "export_number": 1, "author_id": bird, "now": NOW}
        database.transact(lambda connection: tie_out(connection, code, dues, **upto))


def a_statement(database, office, bird, folder):
    """A bank's file with one line, which is suggested to be one slip, and a match of another."""
    code = office.code
    source = BANK_SOURCE | {"name": f"{bird} bank", "code": f"{bird}-csv".upper()}
    office_write(database, code, a_put("statement_source", derived_id(bird, "source"), **source))
    content = bank_day(9, 0, (f"{bird} deposit", 500)).encode()
    with within(code):
        file = statement_files.take_in(
            database,
            Files(folder),
            code,
            source_code=source["code"],
            chunks=[content],
            said={},
            author_id=office.officers[0],
            now=NOW,
        )
        clock = {"clock": lambda: NOW}
        statement_files.read_one(database, Files(folder), code, file["id"], **clock)
        with database.read() as connection:
            [line] = fetch(connection, f"SELECT id FROM statement_lines WHERE ibc_id = '{code}'")
        suggestion = {
            "ibc_id": code,
            "id": derived_id(bird, "suggestion"),
            "line_id": line.id,
            "rank": 0,
            "kind": "deposit",
            "rule": "digits",
            "evidence": f'{{"token":"{bird} token"}}',
            "items": "[]",
            "fee_paisa": 0,
            "difference_paisa": 0,
            "state": "open",
            "made_at": NOW,
        }
        with database.write() as connection:
            insert_rows(connection, Suggestion.__table__, [suggestion])
    match = {"line_id": line.id, "state": "rejected", "undoes_id": None, "reason": f"{bird} match"}
    office_write(database, code, a_put("match", derived_id(bird, "match"), **match))


def photograph(database, phone, owner_id, sha256):
    """A photograph of a receipt: its word, an upload of it, and the clean copy that a worker made."""
    word = {
        "owner_entity": "collection",
        "owner_id": owner_id,
        "position": 1,
        "sha256": sha256,
        "bytes": 1_000,
        "content_type": "image/jpeg",
        "taken_at": rfc3339(NOW),
    }
    assert words(phone.push(phone.put("attachment", word)).outcomes) == ["applied"]
    sender = uploads.Sender(
        ibc_id=phone.code, device_id=phone.device_id, officer_id=phone.officer_id
    )
    made = Settled(
        phone.officer_id,
        sha256,
        content_type="image/jpeg",
        width=1,
        height=1,
        stored_sha256=digest(f"clean {sha256}"),
        thumbnail_sha256=digest(f"small {sha256}"),
    )
    with database.write() as connection:
        uploads.begin(connection, sender, sha256=sha256, byte_count=1_000, now=NOW)
        settle(connection, phone.code, made, NOW)


@pytest.fixture
def bait(database, two_ibcs, phones):
    """What of CLF stands where an address, a query or a body asks for the name of something."""
    with database.read() as connection:

        def first(column, table, where="1 = 1"):
            statement = f"SELECT {column} FROM {table} WHERE ibc_id = 'CLF' AND {where} LIMIT 1"
            return getattr(fetch(connection, statement)[0], column)

        found = {
            "account_no": two_ibcs.accounts[0],
            "adjustment_id": first("id", "adjustments"),
            "area_id": two_ibcs.areas[0],
            "attachment_id": first("id", "attachments", "state = 'stored'"),
            "case_id": first("id", "exceptions", "kind = 'DOUBLE_VISIT'"),
            "collection_id": first("id", "collections"),
            "decision_id": first("id", "decisions"),
            "deposit_id": first("id", "deposits"),
            "device_id": phones["CLF"].device_id,
            "file_id": first("id", "import_files"),
            "handover_id": first("id", "handovers"),
            "id": first("id", "meter_issues"),
            "match_id": first("id", "matches"),
            "mutation_id": first("id", "mutations", "origin = 'device'"),
            "no": first("receipt_no", "collections"),
            "officer_id": two_ibcs.officers[0],
            "order_id": first("id", "disconnection_orders"),
            "question_id": first("id", "questions"),
            "request_id": first("id", "requests"),
            "prefix": first("prefix", "receipt_blocks"),
            "record_id": first("id", "refunds"),
            "report_id": first("id", "loss_reports"),
            "round_id": two_ibcs.round_id,
            "session_id": first("id", "custody_sessions"),
            "sha256": PART_SHA256,
            "staff_id": two_ibcs.officers[1],
            "statement_file_id": first("id", "statement_files"),
            "statement_id": first("id", "statements"),
            "stop_id": two_ibcs.stops[0],
            "suggestion_id": first("id", "suggestions"),
            "tie_out_id": first("id", "tie_outs"),
            "upload_id": first("id", "uploads"),
        }
    return found | {
        "account": found["account_no"],
        "assignee_id": found["officer_id"],
        "business_date": "2026-04-08",
        "ibc": "CLF",
        "of": found["account_no"],
        "q": found["account_no"][:4],
        "to": "CLF",
        "source_id": found["collection_id"],
        "to_account_no": found["account_no"],
    }


@pytest.fixture
def prober(app, client, database, bait):
    """Asks at DEF, knowing what may not be said."""
    openapi = client.get("/api/openapi.json").text
    secrets = secrets_of(database, "CLF", openapi) - set(bait.values())
    assert len(secrets) > 100
    return Prober(app, client, "DEF", bait, secrets)


def headers_of(token):
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": a_key(), "If-Match": '"1"'}


def as_phone(phone):
    claims = Claims(staff_id=phone.officer_id, device_id=phone.device_id, ibc_id=phone.code)
    return headers_of(tokens.issue(keys_of(SECRET_KEY), claims, now=NOW))


def phones_tricks(database, phone, bait):
    """What a phone of DEF may try by hand: cursors with another's scopes, edits of another's records."""
    with within(phone.code), database.read() as connection:
        page = pull(connection, phone.reader, None)
    scopes = ("ibc:CLF", f"round:{bait['round_id']}", f"area:{bait['area_id']}")
    scopes += (f"officer:{bait['officer_id']}", f"device:{bait['device_id']}")
    forged = [page.cursor, *(f"{page.cursor}~{scope}@0.0" for scope in scopes)]
    forged += [f"{page.cursor}~!{scope}@0.0" for scope in scopes]
    forged += [f"{page.epoch}.0.0.0~{scope}@0.0" for scope in scopes]
    zeros = [{"count": 0, "digest": "0" * 32}] * 64
    for cursor in [None, *forged]:
        yield Probe("POST", "/api/v1/sync", "/api/v1/sync", {"cursor": cursor, "mutations": []})
        asked = {"epoch": page.epoch, "cursor": cursor, "buckets": zeros}
        yield Probe("POST", "/api/v1/sync/digest", "/api/v1/sync/digest", asked)
    for rule in ("/api/v1/sync", "/api/v1/sync/push"):
        yield Probe("POST", rule, rule, {"cursor": None, "mutations": mutations(phone, bait)})
    stop = {"id": bait["stop_id"], "state": "visited", "_status": "updated", "_changed": "state"}
    tables = {"stop": {"created": [], "updated": [stop], "deleted": []}}
    foreign = "/api/v1/watermelon/sync"
    yield Probe("POST", foreign, foreign, {"changes": tables, "lastPulledAt": None})
    yield Probe("GET", foreign, f"{foreign}?last_pulled_at=null&schema_version=1&migration=null")
    rows = [{"newDocumentState": {**stop, "_deleted": False}, "assumedMasterState": stop}]
    path = "/api/v1/rxdb/stop/1/push"
    yield Probe("POST", "/api/v1/rxdb/<entity>/<schema_version>/push", path, rows)


def mutations(phone, bait):
    """Facts and edits about another's accounts and records."""
    account = bait["account_no"]
    made = [
        phone.put("collection", a_collection(account, "DE07-000002")),
        phone.put("collection", a_collection(account, bait["no"])),
        phone.put("visit", a_visit(account, stop_id=bait["stop_id"])),
        phone.put("receipt_void", {"collection_id": bait["collection_id"], "reason": "x"}),
        phone.put("meter_issue", an_issue(account), record_id=bait["id"]),
        phone.put("meter_issue", {"remark": "x"}, record_id=bait["id"], base_version=1),
        phone.put("stop", {"state": "visited"}, record_id=bait["stop_id"], base_version=1),
        phone.put("round", {"state": "started"}, record_id=bait["round_id"], base_version=1),
        phone.put("visit", a_visit(account), id=bait["mutation_id"]),
    ]
    return orjson.loads(orjson.dumps(made))


def test_no_phone_is_told_anything_of_another_ibc(database, phones, bait, prober):
    tricks = list(phones_tricks(database, phones["DEF"], bait))

    assert prober.leaks(as_phone(phones["DEF"]), tricks) == []


def test_a_revoked_phone_is_told_nothing_either(database, phones, bait, prober):
    ended = Put("device", phones["DEF"].device_id, {"state": "revoked"})
    office_write(database, "DEF", ended)
    tricks = list(phones_tricks(database, phones["DEF"], bait))

    assert prober.leaks(as_phone(phones["DEF"]), tricks) == []


@pytest.mark.parametrize("role", Role)
def test_no_desk_is_told_anything_of_another_ibc(role, desk, prober):
    assert prober.leaks(headers_of(desk(role).token)) == []


def test_who_asks_at_the_other_ibc_itself_is_told_nothing(app, client, desk, phones, prober):
    at_clf = Prober(app, client, "CLF", prober.bait, prober.secrets)

    assert at_clf.leaks(headers_of(desk("ibc_manager").token)) == []
    assert at_clf.leaks(as_phone(phones["DEF"])) == []


def test_nobody_is_told_anything(app, client, prober):
    for code in ("DEF", "CLF"):
        assert Prober(app, client, code, prober.bait, prober.secrets).leaks({}) == []


def test_the_same_questions_find_the_secrets_where_they_may_be_told(
    app, client, database, desk, phones, prober, bait
):
    """The prober is not blind: CLF's own people are told on every route that tells anything."""
    own = Prober(app, client, "CLF", prober.bait, prober.secrets)
    own.leaks(as_phone(phones["CLF"]), list(phones_tricks(database, phones["CLF"], bait)))
    for role in ("ibc_manager", "auditor", "admin", "cashier", "finance", "reconciler"):
        own.leaks(headers_of(desk(role, "CLF").token))

    reads = {
        (method, str(rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods & {"GET"}
        if "<code>" in str(rule) or "/sync" in str(rule) or "/rxdb" in str(rule)
    }
    assert reads - own.seen == SAY_NO_SECRET
    assert own.seen >= {("POST", "/api/v1/sync"), ("POST", "/api/v1/sync/digest")}


SAY_NO_SECRET = {
    ("GET", "/api/v1/ibcs/<code>/attachments/<uuid:attachment_id>/file"),
    ("GET", "/api/v1/ibcs/<code>/attachments/<uuid:attachment_id>/thumbnail"),
    ("GET", "/api/v1/ibcs/<code>/books/status"),
    ("GET", "/api/v1/ibcs/<code>/consumers/<account_no>/gate"),
    ("GET", "/api/v1/ibcs/<code>/figures"),
    ("GET", "/api/v1/ibcs/<code>/reconciliation"),
    ("GET", "/api/v1/ibcs/<code>/reports/day-book"),
    ("GET", "/api/v1/ibcs/<code>/tie-outs/<uuid:tie_out_id>/differences"),
    ("GET", "/api/v1/ibcs/<code>/reconciliation"),
    ("GET", "/api/v1/ibcs/<code>/trial-balance"),
    ("GET", "/api/v1/ibcs/<code>/verify"),
    ("GET", "/api/v1/rxdb/<entity>/<schema_version>/pullStream"),
    ("GET", "/api/v1/sync/snapshot/parts/<sha256>"),
}
"""What has no text of a record in it, whoever asks: sums, verdicts, rows of another day or of which
there are none, hints, and files that are not there (tests/integration/first/test_snapshot.py and
tests/integration/attachments ask for some that are).
"""


def test_a_query_that_forgets_the_ibc_is_found_or_stopped_by_the_wall(
    database, desk, prober, monkeypatch
):
    def forgetful(connection, _ibc_id, _q, *, after, limit):
        rows = fetch(
            connection,
            "SELECT account_no, name, name_ur, address, phone_e164, supply_state, 0 AS due_paisa, "
            "NULL AS as_of FROM consumers WHERE account_no > :after ORDER BY account_no LIMIT :n",
            after=after,
            n=limit,
        )
        return [row._asdict() for row in rows]

    monkeypatch.setattr(reading, "find_consumers", forgetful)

    leaks = prober.leaks(headers_of(desk("ibc_manager").token))

    assert bool(leaks) == database.is_sqlite, "PostgreSQL's wall stands behind the query"
    assert all("/consumers?q=" in leak for leak in leaks)
