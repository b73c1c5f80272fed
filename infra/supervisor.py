"""`make run`: the programs of one installation on one machine, started and kept running together."""

import socket
import sys
from pathlib import Path

from infra.plan import Plan, Process, Step, answers, stays_up
from infra.settings import Settings, UnsafeSetting, from_environment
from infra.supervision import supervise
from infra.valkey import socket_obstacle, valkey_answers, valkey_command

WEB_TIMEOUT_SECONDS = 30
WEB_GRACE_SECONDS = 10
WEB_KEEP_ALIVE_SECONDS = 5
STEADY_SECONDS = 1.0


def main() -> int:
    """Run what the environment asks for until Ctrl-C or TERM."""
    try:
        settings = from_environment()
        return supervise(installation(settings), data_dir=settings.data_dir)
    except UnsafeSetting as fact:
        print(fact, file=sys.stderr)
        return 1


def installation(settings: Settings) -> Plan:
    """Everything that these settings ask for, ready to be supervised."""
    web = f"http://{_bracketed(_reachable(settings.host))}:{settings.port}"
    return Plan(
        obstacle=lambda: _obstacle(settings),
        processes=processes(settings),
        steps=steps(settings),
        addresses=(
            ("Field app", f"{web}/field/"),
            ("API docs", f"{web}/api/docs"),
            ("Health", f"{web}/healthz"),
            ("Logs", str(settings.data_dir / "logs")),
        ),
        closing=closing_steps(settings),
    )


def processes(settings: Settings) -> tuple[Process, ...]:
    """The one table of what runs. RQ may lose a job of a worker with two queues: a row per queue."""
    queue = _embedded_socket(settings)
    rows = (
        Process(
            name="valkey",
            command=valkey_command(settings.data_dir, queue),
            ready=lambda _age_seconds: valkey_answers(queue),
            before_steps=True,
        ),
        Process(
            name="web",
            command=_gunicorn(settings),
            ready=answers(_reachable(settings.host), settings.port, "/healthz"),
        ),
        Process(
            name="books",
            command=_python("workers.run", "books"),
            ready=stays_up(STEADY_SECONDS),
        ),
        Process(
            name="snapshots",
            command=_python("workers.run", "snapshots"),
            ready=stays_up(STEADY_SECONDS),
        ),
        Process(
            name="attachments",
            command=_python("workers.run", "attachments"),
            ready=stays_up(STEADY_SECONDS),
        ),
        Process(
            name="statements",
            command=_python("workers.run", "statements"),
            ready=stays_up(STEADY_SECONDS),
        ),
        Process(
            name="clock",
            command=_python("workers.clock"),
            ready=stays_up(STEADY_SECONDS),
        ),
    )
    return rows if _queue_is_embedded(settings) else rows[1:]


def steps(settings: Settings) -> tuple[Step, ...]:
    """What has to be done before the processes start."""
    migrate = Step(name="migrate", command=_flask("migrate"))
    seed = Step(
        name="seed",
        command=_flask("seed", "--consumers", "2000", "--seed", "1"),
        unless=_flask("seeded"),
        shown=True,
    )
    return (migrate, seed) if settings.demo else (migrate,)


def closing_steps(settings: Settings) -> tuple[Step, ...]:
    """What is said once everything runs."""
    sign_ins = Step(name="sign-ins", command=_flask("demo", "sign-ins"), shown=True)
    return (sign_ins,) if settings.demo else ()


def _obstacle(settings: Settings) -> str:
    """What stands in the way of a start, or nothing."""
    too_long = socket_obstacle(_embedded_socket(settings))
    if too_long and _queue_is_embedded(settings):
        return too_long
    return _taken(settings.host, settings.port)


def _queue_is_embedded(settings: Settings) -> bool:
    """Whether the queue is ours to run, or REDIS_URL names one that somebody else runs."""
    return settings.redis_url == f"unix://{_embedded_socket(settings)}"


def _embedded_socket(settings: Settings) -> Path:
    return settings.data_dir / "valkey.sock"


def _gunicorn(settings: Settings) -> tuple[str, ...]:
    return (
        *_python("gunicorn"),
        *("--bind", f"{_bracketed(settings.host)}:{settings.port}"),
        *("--worker-class", "gthread"),
        *("--workers", str(settings.web_processes)),
        *("--threads", str(settings.web_threads)),
        *("--timeout", str(WEB_TIMEOUT_SECONDS)),
        *("--graceful-timeout", str(WEB_GRACE_SECONDS)),
        *("--keep-alive", str(WEB_KEEP_ALIVE_SECONDS)),
        # It would make a folder in HOME.
        "--no-control-socket",
        "wsgi:app",
    )


def _flask(*arguments: str) -> tuple[str, ...]:
    return _python("flask", "--app", "wsgi", *arguments)


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    """A module run by our own Python: scripts in .venv/bin break when the checkout is moved."""
    return (sys.executable, "-m", module, *arguments)


def _taken(host: str, port: int) -> str:
    """Say that the port is in use; gunicorn itself would only fail again and again."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as reason:
            return f"Cannot listen on {host}:{port} ({reason.strerror}); choose another with PORT."
    return ""


def _reachable(host: str) -> str:
    """Where this machine itself reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    sys.exit(main())
