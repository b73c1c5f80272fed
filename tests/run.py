"""`make test`: every check of the project, its time against its budget, and one sum at the end."""

import argparse
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from infra import child
from infra.clock import monotonic
from tests.postgres import postgresql
from tests.services import valkey

CHECKOUT = Path(__file__).resolve().parent.parent
REPORTS = CHECKOUT / ".cache" / "junit"
OVER_BUDGET_MAX = 2
NO_TESTS = 5

SQLITE, POSTGRESQL, BOTH, NO_DATABASE = "SQLite", "PostgreSQL", "both", "-"
NEEDS_POSTGRESQL = (POSTGRESQL, BOTH)

PYTHON = (sys.executable, "-m")
PYTEST = (*PYTHON, "pytest", "--quiet")
TWO = ("--numprocesses", "2")
LONG = ("tests/integration/scopes/test_two_hundred.py", "tests/integration/office/test_fuzz.py")
"""Too long for both databases in ten minutes: by day on SQLite, at night on PostgreSQL as well."""
LAYERS = ("api", "web", "workers", "sync", "ledger", "schemas", "auth", "models", "infra")


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One check: a command, what it needs, and how long it may take."""

    name: str
    command: tuple[str, ...]
    budget_seconds: int
    folders: tuple[str, ...] = ()
    """Left out while one of these does not exist."""
    database: str = NO_DATABASE
    environment: Mapping[str, str] = field(default_factory=dict)


RUFF = (*PYTHON, "ruff")
LINT_IMPORTS = (str(Path(sys.executable).parent / "lint-imports"), "--cache-dir", ".cache/imports")

SUITES = (
    Suite(name="lint", command=(*RUFF, "check", "."), budget_seconds=10),
    Suite(name="format", command=(*RUFF, "format", "--check", "."), budget_seconds=10),
    Suite(name="types", command=(*PYTHON, "mypy"), budget_seconds=90),
    Suite(name="imports", command=LINT_IMPORTS, folders=LAYERS, budget_seconds=20),
    Suite(
        name="unit",
        command=(*PYTEST, *TWO, "tests/unit"),
        folders=("tests/unit",),
        budget_seconds=90,
    ),
    Suite(
        name="conformance",
        command=(*PYTEST, *TWO, "tests/conformance"),
        folders=("tests/conformance",),
        database=SQLITE,
        budget_seconds=90,
    ),
    Suite(
        name="integration-sqlite",
        command=(*PYTEST, *TWO, "tests/integration"),
        folders=("tests/integration",),
        database=SQLITE,
        budget_seconds=130,
    ),
    Suite(
        name="integration-postgresql",
        command=(*PYTEST, *TWO, "tests/integration", *(f"--ignore={one}" for one in LONG)),
        folders=("tests/integration",),
        database=POSTGRESQL,
        budget_seconds=180,
    ),
    Suite(
        name="stack",
        command=(*PYTEST, "tests/stack"),
        folders=("tests/stack",),
        database=BOTH,
        budget_seconds=120,
    ),
    Suite(
        name="clients",
        command=(*PYTEST, "tests/clients"),
        folders=("tests/clients",),
        database=BOTH,
        budget_seconds=120,
    ),
)

PROOFS = (
    Suite(
        name="long-postgresql",
        command=(*PYTEST, *TWO, *LONG),
        folders=("tests/integration",),
        database=POSTGRESQL,
        budget_seconds=180,
    ),
    Suite(
        name="web",
        command=(*PYTEST, "tests/web"),
        folders=("tests/web",),
        database=SQLITE,
        budget_seconds=90,
    ),
    Suite(
        name="simulation",
        command=(*PYTEST, *TWO, "tests/simulation"),
        folders=("tests/simulation",),
        database=SQLITE,
        budget_seconds=1800,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a suite."""

    suite: Suite
    passed: int
    failed: int
    skipped: int
    seconds: float
    words: str


def main() -> int:
    """Run the suites named on the command line, or all of them."""
    names = argparse.ArgumentParser(prog="python -m tests.run", description=__doc__)
    names.add_argument("suites", nargs="*", help="all but the nightly ones when none is named")
    names.add_argument("--proof", action="store_true", help="the nightly suites too")
    asked = names.parse_args()
    known = {one.name: one for one in SUITES + PROOFS}
    if unknown := set(asked.suites) - set(known):
        names.error(f"{min(unknown)} is not a suite; known are {', '.join(known)}")
    everything = SUITES + PROOFS if asked.proof else SUITES
    chosen = [known[name] for name in asked.suites] or list(everything)

    # TERM has to pass through our `finally`s like Ctrl-C does: servers end, folders go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    os.chdir(CHECKOUT)
    with _services(chosen) as addresses:
        verdicts = [_run(suite, addresses) for suite in chosen]
    return _sum_up(verdicts)


@contextmanager
def _services(suites: Sequence[Suite]) -> Iterator[dict[str, str]]:
    """Start what the suites need, name what was found, and give the addresses as environment."""
    print(f"Python      {platform.python_version()} at {sys.prefix}", flush=True)
    present = [one for one in suites if not _missing(one)]
    addresses: dict[str, str] = {}
    with ExitStack() as started:
        if any(one.database in NEEDS_POSTGRESQL for one in present):
            service = started.enter_context(postgresql())
            addresses["TEST_DATABASE_URL"] = service.url
            print(f"PostgreSQL  {service.found.removeprefix('PostgreSQL ')}", flush=True)
        if any(one.database != NO_DATABASE for one in present):
            service = started.enter_context(valkey())
            addresses["TEST_REDIS_URL"] = service.url
            print(f"Queue       {service.found}", flush=True)
        yield addresses


def _run(suite: Suite, addresses: Mapping[str, str]) -> Verdict:
    if missing := _missing(suite):
        words = f"left out: no {', '.join(missing)} yet"
        return Verdict(suite=suite, passed=0, failed=0, skipped=0, seconds=0, words=words)

    print(f"\n== {suite.name}  (database: {suite.database})", flush=True)
    report = REPORTS / f"{suite.name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    began = monotonic()
    code = _outcome(suite, report, addresses)
    seconds = monotonic() - began

    passed, failed, skipped = _counted(report) if _is_pytest(suite) else (int(code == 0), 0, 0)
    words = _words(suite, code, seconds)
    if words != "ok" and not words.startswith("slow"):
        failed = max(failed, 1)
    return Verdict(
        suite=suite, passed=passed, failed=failed, skipped=skipped, seconds=seconds, words=words
    )


def _outcome(suite: Suite, report: Path, addresses: Mapping[str, str]) -> int | None:
    """The exit code of a suite; None when it was ended because it took too long."""
    junit = (f"--junitxml={report}",) if _is_pytest(suite) else ()
    running = child.start((*suite.command, *junit), None, _environment(suite, addresses))
    try:
        return running.wait(OVER_BUDGET_MAX * suite.budget_seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        child.end_session(running.pid)
        running.wait()


def _environment(suite: Suite, addresses: Mapping[str, str]) -> dict[str, str]:
    """A test uses the database of TEST_DATABASE_URL, and SQLite when there is none."""
    environment = {**os.environ, **suite.environment}
    for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL"):
        environment.pop(name, None)
    if suite.database in NEEDS_POSTGRESQL:
        environment["TEST_DATABASE_URL"] = addresses["TEST_DATABASE_URL"]
    if suite.database != NO_DATABASE:
        environment["TEST_REDIS_URL"] = addresses["TEST_REDIS_URL"]
    return environment


def _counted(report: Path) -> tuple[int, int, int]:
    """How many passed, failed and were skipped, from pytest's own report."""
    if not report.exists():
        return 0, 0, 0
    suites = ET.parse(report).getroot().iter("testsuite")
    tests = failed = skipped = 0
    for one in suites:
        tests += int(one.attrib["tests"])
        failed += int(one.attrib["failures"]) + int(one.attrib["errors"])
        skipped += int(one.attrib["skipped"])
    return max(tests - failed - skipped, 0), failed, skipped


def _words(suite: Suite, code: int | None, seconds: float) -> str:
    if code is None:
        return f"ended: took {OVER_BUDGET_MAX} times its budget"
    if code == NO_TESTS and _is_pytest(suite):
        return "failed: the folder has no tests"
    if code != 0:
        return f"failed ({child.manner_of_end(code)})"
    return "slow: over its budget" if seconds > suite.budget_seconds else "ok"


def _sum_up(verdicts: Sequence[Verdict]) -> int:
    print(f"\n{'suite':<24}{'database':<12}{'passed':>7}{'failed':>7}{'skipped':>8}{'time':>9}  of")
    for one in verdicts:
        print(
            f"{one.suite.name:<24}{one.suite.database:<12}{one.passed:>7}{one.failed:>7}"
            f"{one.skipped:>8}{one.seconds:>7.1f} s  {one.suite.budget_seconds} s  {one.words}"
        )
    failed = sum(one.failed for one in verdicts)
    print(f"\n{sum(one.passed for one in verdicts)} passed, {failed} failed")
    return int(failed > 0)


def _missing(suite: Suite) -> list[str]:
    return [name for name in suite.folders if not (CHECKOUT / name).is_dir()]


def _is_pytest(suite: Suite) -> bool:
    return suite.command[: len(PYTEST)] == PYTEST


if __name__ == "__main__":
    sys.exit(main())
