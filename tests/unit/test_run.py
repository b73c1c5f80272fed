"""The runner tells a failure from a success, and an empty folder from a missing one."""

import pytest

from tests.run import CHECKOUT, PROOFS, PYTEST, SUITES, Suite, _counted, _run, _words

REPORT = """<testsuites><testsuite tests="7" failures="1" errors="1" skipped="2"/></testsuites>"""


@pytest.mark.parametrize(
    ("code", "seconds", "words"),
    [
        (0, 5, "ok"),
        (0, 15, "slow: over its budget"),
        (None, 20, "ended: took 2 times its budget"),
        (1, 5, "failed (with code 1)"),
        (-9, 5, "failed (by SIGKILL)"),
        (5, 5, "failed: the folder has no tests"),
    ],
)
def test_every_end_has_its_words(code, seconds, words):
    suite = Suite(name="unit", command=PYTEST, budget_seconds=10)

    assert _words(suite, code, seconds) == words


def test_a_suite_without_its_folder_is_left_out_and_does_not_fail():
    suite = Suite(name="unit", command=PYTEST, budget_seconds=10, folders=("no/such",))

    verdict = _run(suite, {})

    assert (verdict.failed, verdict.words) == (0, "left out: no no/such yet")


def test_tests_are_counted_from_the_report(tmp_path):
    path = tmp_path / "unit.xml"
    path.write_text(REPORT)

    assert _counted(path) == (3, 2, 2)


def test_a_report_that_is_missing_counts_nothing(tmp_path):
    assert _counted(tmp_path / "unit.xml") == (0, 0, 0)


def test_suites_have_different_names():
    assert len({suite.name for suite in SUITES}) == len(SUITES)


def test_every_file_that_a_suite_names_is_there():
    every = SUITES + PROOFS
    named = {word.removeprefix("--ignore=") for suite in every for word in suite.command}
    paths = {word for word in named if word.startswith("tests/")}

    assert [path for path in sorted(paths) if not (CHECKOUT / path).exists()] == []
    # A suite is left out while a folder of its own is missing: a file among them leaves it out for ever.
    assert [
        folder for suite in every for folder in suite.folders if not (CHECKOUT / folder).is_dir()
    ] == []
