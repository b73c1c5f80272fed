"""Pages that say which test proves what name tests that exist, and leave no line without one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`((?:[a-z_]+/)+[a-z_]+(?:\.test\.mjs|\.py))::([^`]+)`")
SCENARIO = re.compile(r"^test\('(.+?)',", re.MULTILINE)
PAGES = ("sync-properties.md", "foreign-clients.md")
RULES = [
    *(f"P{n}" for n in range(1, 9)),
    *(f"U{n}" for n in range(1, 9)),
    *("S1", "S2", "V1"),
    *(f"W{n}" for n in range(1, 18)),
]
REASON = "not run: "


@cache
def names_in(path):
    text = (CHECKOUT / "tests" / path).read_text("utf-8")
    if path.endswith(".mjs"):
        return set(SCENARIO.findall(text))
    return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}


def page(name):
    return (CHECKOUT / "docs" / name).read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_test_that_a_page_names_exists(name):
    named = NAMED.findall(page(name))

    missing = [f"{path}::{test}" for path, test in named if test not in names_in(path)]
    assert missing == []
    assert len(named) > 40


def test_each_of_the_twelve_properties_names_its_tests():
    rows = dict(re.findall(r"^\| (\d+) \|(.*)$", page("sync-properties.md"), re.MULTILINE))

    assert list(rows) == [str(n) for n in range(1, 13)]
    assert [n for n, row in rows.items() if not NAMED.search(row)] == []


def test_each_rule_of_a_foreign_client_names_its_test_or_says_why_there_is_none():
    rows = dict(re.findall(r"^\| ([PUSVW]\d+) (.*)$", page("foreign-clients.md"), re.MULTILINE))

    assert list(rows) == RULES
    assert [r for r, row in rows.items() if not NAMED.search(row) and REASON not in row] == []
