"""The operator's commands: what they print, and the code with which they end."""

import pytest

from sync import billing_export
from sync.books import post
from tests.building import NOW, a_collection, a_phone
from tests.integration.billing.conftest import a_file, a_row


@pytest.fixture
def run(app, ibc):
    def run(*args):
        return app.test_cli_runner().invoke(args=[str(arg) for arg in args])

    return run


@pytest.fixture
def posted(database, ibc):
    phone = a_phone(database, ibc)
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")))
    post(database, "DEF", NOW)


def test_an_import_prints_each_refused_row_with_its_line_and_ends_with_1(run, tmp_path):
    path = tmp_path / "bills.csv"
    good = a_row("bill", invoice_no="B-1", account_no="0400000000001")
    path.write_bytes(a_file([good, good | {"invoice_no": "B-2", "account_no": "0999999999999"}]))

    said = run("import", "bill", path)

    assert said.exit_code == 1
    assert "line 3  account_no  There is no such account here." in said.output
    assert "row_count 2  stored 1  unchanged 0  refused 1  padded 0" in said.output


def test_an_import_of_a_file_that_cannot_stand_says_the_line_and_stores_nothing(run, tmp_path):
    path = tmp_path / "bills.csv"
    path.write_bytes(a_file([a_row("bill")])[:-3])

    said = run("import", "bill", path)

    assert said.exit_code == 1
    assert "line 2: The last line has no end" in said.output
    assert "Nothing was stored." in said.output


def test_an_export_writes_what_the_folder_lacks_and_nothing_twice(run, posted, database, tmp_path):
    folder = tmp_path / "out"

    first = run("billing", "export", "--to", folder)
    again = run("billing", "export", "--to", folder)

    [path] = sorted(folder.iterdir())
    assert (path.name, first.exit_code, again.output) == ("DEF-000001.csv", 0, "")
    with database.read() as connection:
        assert path.read_bytes() == billing_export.content(connection, "DEF", 1)
    path.unlink()
    run("billing", "export", "--to", folder)
    assert path.exists()


def test_answers_and_a_tie_out_say_what_does_not_fit(run, posted, ibc, tmp_path):
    run("billing", "export", "--to", tmp_path)
    answers, dues = tmp_path / "answers.csv", tmp_path / "dues.csv"
    answers.write_text("posting_id,answer\nDEF-1-2,accepted\nDEF-9-9,accepted\n")
    dues.write_text(f"account_no,balance_paisa\n{ibc.accounts[0]},700\n")

    taken = run("billing", "answers", answers)
    tied = run("billing", "tie-out", dues, "--as-of", "2026-04-08", "--export", 1)

    assert "line 3  We have never sent a posting of this name." in taken.output
    assert "accepted 1  rejected 0" in taken.output
    assert f"{ibc.accounts[0]}  50,700 paisa  unexplained" in tied.output
    assert (taken.exit_code, tied.exit_code) == (1, 1)
