"""The page that shows the API asks nothing of other hosts and runs nothing inline."""

import re

import pytest

from api.app import create_app
from infra.settings import Settings


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    settings = Settings(
        database_url=f"sqlite:///{folder}/unused.sqlite",
        redis_url=f"unix://{folder}/nobody-listens",
        data_dir=folder,
        secret_key="a secret of the test, thirty-two bytes and more",
    )
    return create_app(settings).test_client()


def test_every_file_of_the_page_is_served_by_us(client):
    with client.get("/api/docs/") as page:
        html = page.text
    named = re.findall(r'(?:src|href)="([^"]+)"', html)

    assert len(named) == 5
    for name in named:
        assert ":" not in name
        assert "//" not in name
        with client.get(f"/api/docs/{name}") as answer:
            assert (answer.status_code, len(answer.data) > 100) == (200, True)


def test_the_page_runs_no_inline_script(client):
    with client.get("/api/docs/") as page:
        assert re.findall(r"<script[^>]*>[^<]+", page.text) == []
        assert not re.search(r"\son[a-z]+=", page.text)
        policy = page.headers["Content-Security-Policy"]

    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy


def test_our_script_names_no_other_host(client):
    with client.get("/api/docs/swagger-initializer.js") as answer:
        assert "://" not in answer.text


def test_the_short_address_leads_to_the_page(client):
    assert client.get("/api/docs").headers["Location"] == "/api/docs/"


@pytest.mark.parametrize("name", ["index.j2", "swagger-ui.js.map", "..%2Fapp.py", "%2e%2e/app.py"])
def test_other_files_are_not_served(name, client):
    assert client.get(f"/api/docs/{name}").status_code == 404


def test_the_document_is_served_as_json(client):
    answer = client.get("/api/openapi.json")

    assert answer.json["openapi"] == "3.0.3"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
