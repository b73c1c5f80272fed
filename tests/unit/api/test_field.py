"""The officers' app is served by us, without inline code, and its absence is said in words."""

import pytest

from api import field
from api.app import create_app
from infra.settings import Settings


@pytest.fixture
def client(tmp_path):
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/unused.sqlite",
        redis_url=f"unix://{tmp_path}/nobody-listens",
        data_dir=tmp_path,
        secret_key="a secret of the test, thirty-two bytes and more",
    )
    return create_app(settings).test_client()


@pytest.fixture
def built(tmp_path, monkeypatch):
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<script src='/field/assets/a-1.js'></script>")
    (folder / "assets" / "a-1.js").write_text("'x';\n" * 400)
    monkeypatch.setattr(field, "BUILT", folder)
    return folder


def test_without_node_the_address_says_what_to_do(client, tmp_path, monkeypatch):
    monkeypatch.setattr(field, "BUILT", tmp_path / "never built")

    with client.get("/field/") as page, client.get("/field/assets/a-1.js") as file:
        assert page.status_code == 503
        assert "make web" in page.text
        assert 'lang="ur"' in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert file.status_code == 404


def test_the_page_runs_nothing_inline_and_asks_nothing_of_other_hosts(client, built):
    with client.get("/field/") as page:
        policy = page.headers["Content-Security-Policy"]

    assert "'unsafe" not in policy
    assert "http" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")


def test_hashed_files_are_packed_and_kept_for_a_year_and_the_page_is_asked_for_again(client, built):
    packed = {"Accept-Encoding": "gzip"}
    with client.get("/field/") as page, client.get("/field/assets/a-1.js", headers=packed) as file:
        assert page.headers["Cache-Control"] == "no-cache"
        assert "immutable" in file.headers["Cache-Control"]
        assert file.headers["Content-Encoding"] == "gzip"


def test_the_page_also_has_the_name_under_which_the_service_worker_keeps_it(client, built):
    with client.get("/field/") as page, client.get("/field/index.html") as named:
        assert (named.status_code, named.data) == (200, page.data)


def test_nothing_outside_of_the_built_folder_is_served(client, built):
    (built.parent / "secret").write_text("x")

    with client.get("/field/../secret") as up, client.get("/field/%2e%2e/secret") as packed:
        assert (up.status_code, packed.status_code) == (404, 404)
