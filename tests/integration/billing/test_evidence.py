"""An evidence pack proves itself to a reader who has nothing of ours."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.ids import derived_id
from models import ENTITIES
from models.declaration import Owner
from schemas.samples import sample_put
from sync import evidence
from sync.books import post
from sync.evidence_subjects import NoSuchSubject
from tests.building import (
    NOW,
    a_bill,
    a_collection,
    a_notice,
    a_phone,
    a_put,
    a_visit,
    office_write,
)
from tests.integration.office.desk import a_key

A_CUT = sample_put(ENTITIES["disconnection_act"], Owner.DEVICE)
CHECKER = Path(__file__).parent / "check_pack.py"


@pytest.fixture
def story(database, ibc, desk):
    """A bill, a notice, a receipt, a cut after it, a void that two people decided, and others' work."""
    a, b, *_ = ibc.accounts
    office_write(
        database,
        "DEF",
        a_bill(a, "INV-1", current_paisa=80_000, bill_month="2026-03"),
        a_notice(a, "N-1", issued_on="2026-04-01"),
        a_put(
            "rule",
            derived_id("rule", "1"),
            rule_no="MARKUP-1",
            effective_from="2020-01-01",
            effective_until=None,
        ),
    )
    phone = a_phone(database, ibc)
    taken = phone.put("collection", a_collection(a, "Q3-000001", payer_name="<b>محمد</b>"))
    cut = phone.put("disconnection_act", A_CUT | {"account_no": a})
    service = {"notice_id": derived_id("notice", "N-1"), "account_no": a, "method": "hand"}
    phone.push(
        phone.put("visit", a_visit(b)),
        phone.put("notice_service", service),
        taken,
        cut,
        phone.put("collection", a_collection("0900000000009", "Q3-000003")),
    )
    post(database, "DEF", NOW)
    proposal = {"kind": "reverse", "collection_id": taken["record_id"], "reason": "It never was."}
    made = desk("supervisor").post("/decisions", proposal, key=a_key()).json
    desk("finance").post(f"/decisions/{made['id']}/approve", key=a_key(), version=made["version"])
    phone.push(phone.put("collection", a_collection(b, "Q3-000002")))
    post(database, "DEF", NOW)
    with database.read() as connection:
        case = connection.exec_driver_sql(
            "SELECT id FROM exceptions WHERE kind = 'UNKNOWN_ACCOUNT'"
        ).scalar()
    return {
        "receipt": "Q3-000001",
        "notice": "N-1",
        "cut": cut["record_id"],
        "session": f"{ibc.officers[0]}/2026-04-08",
        "case": case,
    }


def pack(database, kind, name, **options):
    with database.read() as connection:
        return evidence.pack(connection, "DEF", kind, name, **options)


def read(raw, name):
    return zipfile.ZipFile(io.BytesIO(raw)).read(name)


def lines(raw, name):
    return [json.loads(line) for line in read(raw, name).splitlines()]


def checked(raw, tmp_path):
    """What the small independent script says, in a process of its own outside the checkout."""
    path = tmp_path / "pack.zip"
    path.write_bytes(raw)
    command = [sys.executable, "-I", str(CHECKER), str(path)]
    said = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    return said.returncode, said.stdout.strip()


@pytest.mark.parametrize("kind", ["receipt", "notice", "cut", "session", "case"])
def test_a_pack_of_every_kind_is_proved_by_a_script_that_has_nothing_of_ours(
    kind, story, database, tmp_path
):
    assert checked(pack(database, kind, story[kind]), tmp_path) == (0, "clean")


def test_a_receipts_pack_holds_the_fact_as_received_the_decisions_and_the_entries(story, database):
    raw = pack(database, "receipt", story["receipt"])

    said = [(row["origin"], row["entity"], row["outcome"]) for row in lines(raw, "log.ndjson")]
    assert said == [
        ("device", "collection", "applied"),
        ("office", "decision", "applied"),
        ("office", "decision", "applied"),
    ]
    kinds = [entry["content"][1] for entry in lines(raw, "entries.ndjson")]
    assert kinds == ["collection_cash", "reversed"]
    assert [rule["rule_no"] for rule in json.loads(read(raw, "rules.json"))] == ["MARKUP-1"]
    roles = {
        role for one in json.loads(read(raw, "people.json")) for role in json.loads(one["roles"])
    }
    assert {"supervisor", "finance"} <= roles
    verdict = json.loads(read(raw, "verdict.json"))
    assert (verdict["clean"], verdict["not_checked"]) == (True, [])


def test_nobody_elses_money_is_in_a_pack(story, database, ibc):
    raw = pack(database, "receipt", story["receipt"])

    for name in zipfile.ZipFile(io.BytesIO(raw)).namelist():
        assert ibc.accounts[1].encode() not in read(raw, name), name


def test_the_same_question_again_is_the_same_pack_byte_for_byte(story, database):
    assert pack(database, "cut", story["cut"]) == pack(database, "cut", story["cut"])


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("log.ndjson", b"500", b"900", "log.ndjson is not what the manifest says"),
        ("entries.ndjson", b"50000", b"90000", "entries.ndjson is not what the manifest says"),
        ("chain.ndjson", b"applied", b"blessed", "chain.ndjson is not what the manifest says"),
    ],
)
def test_a_pack_that_was_changed_is_noticed_even_when_its_manifest_was_changed_too(
    name, before, after, said, story, database, tmp_path
):
    raw = pack(database, "receipt", story["receipt"])
    files = {one: read(raw, one) for one in zipfile.ZipFile(io.BytesIO(raw)).namelist()}
    assert before in files[name]
    files[name] = files[name].replace(before, after)

    def zipped():
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for one, content in files.items():
                archive.writestr(one, content)
        return out.getvalue()

    code, findings = checked(zipped(), tmp_path)
    assert (code, findings.splitlines()[0]) == (1, said)

    manifest = json.loads(files["manifest.json"])
    for one in manifest["files"]:
        one["sha256"] = hashlib.sha256(files[one["name"]]).hexdigest()
        one["bytes"] = len(files[one["name"]])
    files["manifest.json"] = json.dumps(manifest).encode()
    code, findings = checked(zipped(), tmp_path)
    assert code == 1
    assert said not in findings


def test_a_database_that_was_changed_behind_the_books_says_so_in_its_verdict(
    story, database, tampering, tmp_path
):
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE postings SET amount_paisa = amount_paisa + 100")

    code, findings = checked(pack(database, "receipt", story["receipt"]), tmp_path)

    assert code == 1
    assert "the books' own checks found something" in findings
    assert "is not what was chained" in findings


def test_the_page_is_read_by_people_and_runs_nothing(story, database):
    page = read(pack(database, "receipt", story["receipt"]), "index.html").decode()

    assert "شواہد" in page
    assert "collection_cash" in page
    assert "<b>محمد" not in page
    assert "&lt;b&gt;محمد" in page
    assert "<script" not in page
    assert "http" not in page


def test_an_auditor_asks_over_http_and_others_do_not(story, desk, tmp_path):
    answer = desk("auditor").get(f"/evidence/session/{story['session']}")

    assert checked(answer.data, tmp_path) == (0, "clean")
    assert json.loads(read(answer.data, "verdict.json"))["not_checked"] != []
    assert desk("cashier").get(f"/evidence/receipt/{story['receipt']}").status_code == 403
    assert desk("auditor").get("/evidence/receipt/Q3-999999").status_code == 404
    assert desk("auditor").get("/evidence/secret/x").status_code == 404


def test_what_is_not_there_has_no_evidence(database, ibc):
    with pytest.raises(NoSuchSubject):
        pack(database, "receipt", "Q3-999999")


def test_the_command_writes_the_pack(story, app, tmp_path):
    path = tmp_path / "out.zip"

    said = app.test_cli_runner().invoke(
        args=["evidence", "receipt", story["receipt"], "--to", str(path)]
    )

    assert said.exit_code == 0, said.output
    assert "sha256" in said.output
    assert checked(path.read_bytes(), tmp_path) == (0, "clean")
