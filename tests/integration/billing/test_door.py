"""Billing sends a whole file over HTTP, and the office looks at what was refused."""

import pytest

from infra import limits
from tests.integration.billing.conftest import a_file, a_row


@pytest.fixture
def feed(desk):
    return desk("billing_feed")


def send(feed, kind, body, **headers):
    return feed.client.post(
        f"/api/v1/ibcs/DEF/import-files/{kind}?name=april.csv",
        data=body,
        headers={"Authorization": f"Bearer {feed.token}", **headers},
    )


def bills(n, account="0400000000001"):
    return [a_row("bill", invoice_no=f"B-{i}", account_no=account) for i in range(n)]


def test_a_file_is_reported_row_by_row(ibc, feed, desk):
    rows = [*bills(3), a_row("bill", invoice_no="B-9", account_no="=1+1")]

    report = send(feed, "bill", a_file(rows)).json

    assert (report["name"], report["state"], report["stored"]) == ("april.csv", "done", 3)
    finance = desk("finance")
    assert finance.get(f"/import-files/{report['id']}").json == report
    assert finance.all("/import-files") == [report]
    [refused] = finance.all(f"/import-files/{report['id']}/refused")
    assert (refused["line_no"], refused["errors"]) == (5, {"account_no": "wrong_form"})


def test_refused_rows_leave_as_csv_that_a_spreadsheet_does_not_run(ibc, feed, desk):
    row = a_row("consumer", account_no="0400000000077", area_id=ibc.areas[0])
    body = a_file([{"name": ""} | row | {"name": "=HYPERLINK(1)"}])
    report = send(feed, "consumer", body).json

    answer = desk("finance").get(f"/import-files/{report['id']}/refused?format=csv")

    assert "'=HYPERLINK(1)" in answer.text
    assert ",=HYPERLINK" not in answer.text


def test_a_file_larger_than_any_other_body_is_taken(ibc, feed):
    body = a_file([row | {"late_tiers": ""} for row in bills(1)])
    head, row = body.splitlines(keepends=True)
    rows = b"".join(row.replace(b"B-0", b"B-%d" % n) for n in range(15_000))
    assert len(rows) > limits.BODY_BYTES_MAX

    report = send(feed, "bill", head + rows + b"#END,15001\n")

    assert report.status_code == 422
    assert report.json["type"] == "/problems/file-refused"
    assert report.json["errors"] == {"line 15002": "rows_do_not_add_up 15001 15000"}


def test_a_file_above_its_limit_is_refused_while_it_comes(ibc, feed, monkeypatch):
    monkeypatch.setattr("api.imports.IMPORT_FILE_BYTES_MAX", 100)

    answer = send(feed, "bill", a_file(bills(3)))

    assert answer.status_code == 413


def test_what_is_not_billings_is_not_taken(ibc, feed):
    assert send(feed, "staff", b"x").status_code == 404
