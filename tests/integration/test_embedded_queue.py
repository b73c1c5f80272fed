"""The Valkey that `make run` starts keeps what it acknowledged, whatever is killed."""

import os
import signal
from pathlib import Path

import pytest
import redis

from infra import child
from infra.valkey import valkey_answers, valkey_command
from tests.services import end, wait_until


@pytest.fixture
def start(tmp_path_factory):
    folder = tmp_path_factory.mktemp("q")
    log_path, socket_path = folder / "log", folder / "s"
    started = []

    def valkey():
        with child.open_log(log_path) as log:
            server = child.start(valkey_command(folder, socket_path), log)
        started.append(server)
        wait_until(lambda: valkey_answers(socket_path), server, log_path)
        return server, redis.Redis(unix_socket_path=str(socket_path))

    yield valkey
    for server in started:
        end(server)


def test_a_key_survives_a_kill(start):
    server, connection = start()
    connection.set("rung", "yes")
    connection.close()

    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    _, connection = start()

    assert connection.get("rung") == b"yes"
    connection.close()


def test_a_full_memory_refuses_and_never_drops(start):
    _, connection = start()

    with connection:
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_nobody_reaches_it_over_the_network(start):
    server, connection = start()

    with connection:
        assert connection.config_get("port") == {"port": "0"}
    assert Path(f"/proc/{server.pid}").exists()
