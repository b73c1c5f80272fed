"""What `make run` starts follows from the settings."""

import socket
from dataclasses import replace

import pytest

from infra.settings import from_environment
from infra.supervisor import installation, processes


@pytest.fixture
def settings(tmp_path):
    return from_environment({"DATA_DIR": str(tmp_path), "SECRET_KEY": "s" * 32})


def test_the_embedded_queue_comes_first_and_goes_last(settings):
    rows = processes(settings)

    assert [row.name for row in rows] == [
        "valkey",
        "web",
        "books",
        "snapshots",
        "attachments",
        "statements",
        "clock",
    ]
    assert [row.name for row in rows if row.before_steps] == ["valkey"]


def test_somebody_elses_queue_is_not_started(settings):
    rows = processes(replace(settings, redis_url="redis://queue.example:6379/0"))

    names = ["web", "books", "snapshots", "attachments", "statements", "clock"]
    assert [row.name for row in rows] == names


def test_only_a_demo_is_seeded_and_shows_its_sign_ins(settings):
    demo, real = installation(settings), installation(replace(settings, demo=False))

    assert [step.name for step in (*demo.steps, *demo.closing)] == ["migrate", "seed", "sign-ins"]
    assert [step.name for step in (*real.steps, *real.closing)] == ["migrate"]


def test_a_port_in_use_is_named_before_anything_starts(settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        assert f"127.0.0.1:{port}" in installation(replace(settings, port=port)).obstacle()


def test_a_folder_too_deep_for_a_unix_socket_is_named(settings, tmp_path):
    deep = tmp_path / ("deep" * 30)
    plan = installation(replace(settings, data_dir=deep, redis_url=f"unix://{deep}/valkey.sock"))

    assert "is too long for a unix socket" in plan.obstacle()


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:8000/"), ("0.0.0.0", "http://127.0.0.1:8000/"),
     ("::", "http://[::1]:8000/")],
)  # fmt: skip
def test_the_addresses_are_ones_that_a_browser_reaches(settings, host, address):
    assert ("API docs", f"{address}api/docs") in installation(
        replace(settings, host=host)
    ).addresses
