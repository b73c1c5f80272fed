"""A statement file is stored whole or not at all, once however often it is sent, and says where it gaps."""

import pytest
from sqlalchemy.exc import IntegrityError

from infra.database import fetch, insert_rows
from infra.files import Files
from infra.limits import STATEMENT_BYTES_MAX
from models.reconciliation import MatchClaim
from sync import statement_files, statement_import
from tests.building import NOW
from tests.integration.office.desk import a_key
from tests.integration.statements.sending import (
    AGENCY_SOURCE,
    BANK_SOURCE,
    bank_day,
    save,
    send,
    send_form,
)
from tests.unit.ledger.statements.files import AGENCY_HEADING, GOOD, SWIFT, sheet

TABLES = ("statements", "statement_lines", "exceptions")


def counts(database):
    with database.read() as connection:
        return [fetch(connection, f"SELECT COUNT(*) AS n FROM {t}")[0].n for t in TABLES]


def logged(database):
    with database.read() as connection:
        return fetch(connection, "SELECT seq FROM log_heads WHERE ibc_id = 'DEF'")[0].seq


def test_a_statement_is_stored_with_its_lines(bank, reconciler):
    answer = send(reconciler, bank, GOOD)

    assert (answer.status_code, answer.json["state"]) == (200, "stored")
    assert (answer.json["lines_read"], answer.json["lines_stored"]) == (3, 3)
    [statement] = reconciler.all(f"/statements?source={bank}")
    assert [statement["id"]] == answer.json["statement_ids"]
    assert (statement["opening_paisa"], statement["closing_paisa"]) == (10_000_000, 10_074_950)
    assert (statement["from_on"], statement["to_on"]) == ("2026-04-08", "2026-04-09")
    lines = reconciler.all(f"/statements/{statement['id']}/lines", limit=2)
    assert [line["amount_paisa"] for line in lines] == [740_000, -650_000, -15_050]
    assert [line["match_id"] for line in lines] == [None, None, None]


def test_a_form_carries_a_file_as_well(bank, reconciler):
    assert send_form(reconciler, bank, GOOD).json["state"] == "stored"

    assert send_form(reconciler, bank, GOOD, field="other").json["type"] == "/problems/no-file"


def test_the_same_file_again_answers_what_was_there(bank, reconciler, database):
    first = send(reconciler, bank, GOOD)
    before = (counts(database), logged(database))

    again = send(reconciler, bank, GOOD)

    assert (again.status_code, again.json) == (200, first.json)
    assert (counts(database), logged(database)) == before


def test_the_same_lines_in_another_file_are_known_again(swift, reconciler, database):
    first = send(reconciler, swift, SWIFT)
    before = (counts(database), logged(database))

    again = send(reconciler, swift, SWIFT.replace("\n", "\r\n"))

    assert again.json["sha256"] != first.json["sha256"]
    assert (again.json["lines_stored"], again.json["lines_repeated"]) == (0, 3)
    assert again.json["statement_ids"] == first.json["statement_ids"]
    assert (counts(database), logged(database)) == before


def test_overlapping_days_bring_only_what_is_new(bank, reconciler):
    one, two, three = ("A", 10), ("B", 20), ("C", 30)
    send(reconciler, bank, bank_day(8, 100, one, two, two))

    longer = send(reconciler, bank, bank_day(8, 100, one, two, two, three))

    assert (longer.json["lines_stored"], longer.json["lines_repeated"]) == (1, 3)
    assert reconciler.all("/exceptions?kind=STATEMENT_GAP") == []


def test_the_same_number_with_other_lines_is_refused_by_line(swift, reconciler, database):
    send(reconciler, swift, SWIFT)
    before = counts(database)

    other = send(reconciler, swift, SWIFT.replace("SLIP 7710001", "SLIP 7710002"))

    assert other.status_code == 422
    assert [(one["line"], one["error"]) for one in other.json["lines"]] == [
        (6, "statement_differs 00042 2026-04-08")
    ]
    assert counts(database) == before


@pytest.mark.parametrize(
    ("content", "line", "error"),
    [
        (GOOD.replace("100749.50", "100749.51"), 5, "balance_does_not_foot 10074950 10074951"),
        (GOOD.replace("6500,", "۶۵۰۰,"), 4, "digits_are_not_ascii"),
        (GOOD.replace("150.50", "=1+1"), 5, "cell_is_a_formula"),
        (GOOD[:-30], 5, "too_few_columns 1 6"),
        (SWIFT, 1, "file_is_another mt940"),
        (sheet(["Some", "thing"]), 1, "columns_missing"),
    ],
)
def test_a_file_that_cannot_stand_leaves_nothing(content, line, error, bank, reconciler, database):
    before = (counts(database), logged(database))

    answer = send(reconciler, bank, content)

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/statement-refused")
    assert (line, error) in [(one["line"], one["error"]) for one in answer.json["lines"]]
    assert all(one["message"]["en"] and one["message"]["ur"] for one in answer.json["lines"])
    assert (counts(database), logged(database)) == before
    file = reconciler.get(f"/statement-files/{answer.json['file_id']}").json
    assert (file["state"], file["lines_stored"]) == ("refused", 0)


def test_dropped_zeros_are_told_by_column_until_the_mapping_says_to_put_them_back(
    agency, reconciler
):
    dropped = AGENCY_HEADING + "2026-04-08,T1,400000000001,5,0,5\n"

    refused = send(reconciler, agency, dropped)
    save(reconciler, AGENCY_SOURCE | {"pads_account_no": True})
    stored = send(reconciler, agency, dropped)

    assert [(one["line"], one["column"]) for one in refused.json["lines"]] == [(2, "Consumer")]
    assert stored.json["state"] == "stored"
    [statement] = reconciler.all("/statements?source=JAZZ")
    [line] = reconciler.all(f"/statements/{statement['id']}/lines")
    assert line["account_no"] == "0400000000001"


def test_a_gap_between_two_statements_is_named_and_closes_when_it_is_filled(bank, reconciler):
    send(reconciler, bank, bank_day(8, 100, ("A", 10)))
    late = send(reconciler, bank, bank_day(10, 130, ("C", 5)))

    [gap] = reconciler.all("/exceptions?kind=STATEMENT_GAP")
    assert gap["subject_id"] == late.json["statement_ids"][0]
    assert (gap["amount_paisa"], gap["owner_role"]) == (2_000, "reconciler")

    send(reconciler, bank, bank_day(9, 110, ("B", 20)))

    assert reconciler.all("/exceptions?kind=STATEMENT_GAP") == []


def test_a_file_above_the_limit_is_refused_before_it_is_read(bank, reconciler, database):
    before = counts(database)

    answer = reconciler.post(
        f"/statements?source={bank}",
        content_type="application/octet-stream",
        environ_overrides={"CONTENT_LENGTH": str(2 * 1024**3)},
    )

    assert answer.status_code == 413
    assert f"STATEMENT_BYTES_MAX = {STATEMENT_BYTES_MAX}" in answer.json["detail"]
    assert counts(database) == before


def test_a_file_that_grows_past_the_limit_leaves_no_bytes(tmp_path, bank, database, monkeypatch):
    monkeypatch.setattr(statement_files, "STATEMENT_BYTES_MAX", 10)

    with pytest.raises(statement_files.StatementTooLarge, match="STATEMENT_BYTES_MAX"):
        take_in(database, Files(tmp_path / "kept"), [b"x" * 6, b"x" * 6])

    assert [path for path in (tmp_path / "kept").rglob("*") if path.is_file()] == []


def take_in(database, files, chunks):
    return statement_files.take_in(
        database,
        files,
        "DEF",
        source_code="HBL-CSV",
        chunks=chunks,
        said={},
        author_id="clerk",
        now=NOW,
    )


def many(count):
    return bank_day(8, 0, *((f"LINE {n}", 1 + n % 7) for n in range(count))).encode()


def test_a_long_file_is_read_by_a_worker_and_says_how_far_it_is(
    tmp_path, bank, database, reconciler, monkeypatch
):
    monkeypatch.setattr(statement_import, "IMPORT_ROWS_MAX", 100)
    files, told = Files(tmp_path), []
    file = take_in(database, files, [many(250)])

    waits = reconciler.get(f"/statement-files/{file['id']}").json
    statement_files.read_one(
        database, files, "DEF", file["id"], clock=lambda: NOW, tell=lambda *far: told.append(far)
    )

    assert (waits["state"], waits["lines_stored"]) == ("waiting", 0)
    assert told == [(100, 250), (200, 250), (250, 250)]
    assert reconciler.get(f"/statement-files/{file['id']}").json["state"] == "stored"
    assert statement_files.read_waiting(database, files, "DEF", clock=lambda: NOW) == 0


def test_a_reader_that_dies_leaves_nothing_that_counts_and_another_finishes(
    tmp_path, bank, database, reconciler, monkeypatch
):
    monkeypatch.setattr(statement_import, "IMPORT_ROWS_MAX", 100)
    files = Files(tmp_path)
    file = take_in(database, files, [many(250)])

    class Killed(BaseException):
        pass

    def die(*_far):
        raise Killed

    with pytest.raises(Killed):
        statement_files.read_one(database, files, "DEF", file["id"], clock=lambda: NOW, tell=die)

    assert counts(database)[:2] == [0, 100]
    assert reconciler.all("/statements") == []
    assert statement_files.read_waiting(database, files, "DEF", clock=lambda: NOW + 1_000) == 0
    later = NOW + statement_files.SILENT_AFTER_MS + 1
    assert statement_files.read_waiting(database, files, "DEF", clock=lambda: later) == 1
    assert counts(database)[:2] == [1, 250]


def test_a_reader_that_was_given_up_writes_nothing_more(tmp_path, bank, database, monkeypatch):
    monkeypatch.setattr(statement_import, "IMPORT_ROWS_MAX", 100)
    files = Files(tmp_path)
    file = take_in(database, files, [many(250)])
    later = NOW + statement_files.SILENT_AFTER_MS + 1
    others = []

    def overtaken(*_far):
        if not others:
            others.append(True)
            statement_files.read_one(database, files, "DEF", file["id"], clock=lambda: later)

    statement_files.read_one(database, files, "DEF", file["id"], clock=lambda: NOW, tell=overtaken)

    assert counts(database)[:2] == [1, 250]
    assert statement_files.show(database, "DEF", file["id"])["attempt"] == 2


def test_two_lines_cannot_be_claimed_twice_whoever_tries(database, ibc):
    claim = {
        "ibc_id": "DEF",
        "match_id": "m1",
        "side": "book",
        "item_id": "slip",
        "amount_paisa": 5,
        "undone_by": None,
    }
    with database.write() as connection:
        insert_rows(connection, MatchClaim.__table__, [claim])

    with pytest.raises(IntegrityError), database.write() as connection:
        insert_rows(connection, MatchClaim.__table__, [claim | {"match_id": "m2"}])


def test_a_mapping_that_cannot_do_is_refused_by_name(reconciler):
    columns = {"narration": "Text"}

    answer = reconciler.post("/statement-sources", BANK_SOURCE | {"columns": columns}, key=a_key())

    assert (answer.status_code, answer.json["errors"]) == (
        422,
        {"columns": "columns_need_date_and_amount"},
    )


def test_a_mapping_saved_again_is_the_same_source(bank, reconciler):
    save(reconciler, BANK_SOURCE | {"name": "Another name"})

    [source] = reconciler.all("/statement-sources")
    assert (source["code"], source["name"], source["version"]) == (bank, "Another name", 2)


def test_a_source_that_nobody_saved_is_not_found(reconciler, ibc):
    assert send(reconciler, "NOBODY", GOOD).status_code == 404
