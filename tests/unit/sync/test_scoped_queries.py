"""What a phone may see is asked in one place, and every statement says whose rows it means."""

import ast
import re
from collections.abc import Iterator

import pytest

from infra.settings import CHECKOUT
from models import ENTITIES
from models.migrations.walls import TENANT_TABLES

FOLDERS = ("api", "auth", "infra", "ledger", "schemas", "sync", "web", "workers")
RECORDS = frozenset(entity.table.name for entity in ENTITIES.values())

MAY_NAME = {
    "feed": {"sync/scoped.py"},
    "members": {"sync/membership.py", "sync/writing.py"},
    "grants": {
        "sync/membership.py",
        "sync/pull.py",
        "sync/round_phones.py",
        "sync/scoped.py",
        "sync/snapshot.py",
    },
}
"""Table → the modules whose SQL may name it; writing goes through `Insert` and names no table."""
MAY_IMPORT = {
    ("models.log", "Feed"): {"sync/writing.py"},
    ("models.log", "Member"): {"sync/membership.py"},
    ("models.log", "Grant"): {"sync/membership.py"},
    ("sqlalchemy", "select"): {"sync/backup.py"},
}
"""What builds statements without SQL: (module, name) → who may."""
ANY_TABLE = {
    "infra/database.py": "how rows are written, whatever the table",
    "infra/postgres_rows.py": "the same on PostgreSQL",
    "sync/restore.py": "whether the database is empty",
    "sync/snapshot.py": "deletes what it had read, key by key",
}
"""Modules with a statement that takes the table's name from a variable and names no IBC."""
THE_PHONES_OWN = ("sync/client",)
"""The phone in Python: its database is another."""
TO_PHONES = {
    *("api/rxdb.py", "api/rxdb_stream.py", "api/snapshots.py", "api/sync.py", "api/watermelon.py"),
    *("sync/digest.py", "sync/foreign_feed.py", "sync/pull.py", "sync/rxdb.py", "sync/scoped.py"),
    *("sync/snapshot.py", "sync/watermelon.py"),
}
"""What answers a phone's reading: it knows the feed, and no record's table."""
ACROSS = {
    "api/health.py": "metrics of the whole installation",
    "auth/blocks.py": "no two IBCs share a prefix of receipts",
    "auth/cards.py": "a person's cards at all IBCs: whose they are is asked by id",
    "auth/enrolment.py": "a code is found by its hash, and says its IBC",
    "sync/backup.py": "a copy of everything",
    "sync/lookup.py": "whose is an account that is not ours? (`across`)",
    "sync/restore.py": "everything back",
    "sync/snapshot.py": "the sweep of old files",
    "sync/statement_files.py": "which IBCs have files that nobody reads",
    "sync/uploads.py": "what waited too long, and whose part files are on the disk",
    "workers/clock.py": "the clock looks at all IBCs",
}
"""Modules with a statement about a table of an IBC that names none."""

NAMES_TABLE = r"\b(?:FROM|JOIN|UPDATE|INTO)\s+"
STATEMENT = re.compile(r"\b(?:SELECT|UPDATE|DELETE|INSERT)\b", re.ASCII)
HOLE = "{}"


def sql_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text of a module that is, or is part of, a statement; what is put in reads as `{}`."""
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else HOLE for p in node.values]
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def tables_in(sql: str) -> set[str]:
    return set(re.findall(rf"{NAMES_TABLE}([a-z_]+|\{HOLE[0]}\{HOLE[1]})", sql))


def findings(path: str, source: str) -> list[str]:
    """What is wrong with the SQL of a module."""
    tree = ast.parse(source)
    found = []
    for line, sql in sql_of(tree):
        tables = tables_in(sql)
        found += [
            f"{path}:{line} reads {table}: ask through sync/scoped.py"
            for table in sorted(tables & MAY_NAME.keys())
            if path not in MAY_NAME[table]
        ]
        if path in TO_PHONES and tables & RECORDS:
            found.append(f"{path}:{line} answers phones from {min(tables & RECORDS)}")
        if not STATEMENT.search(sql) or "ibc_id = " in sql:
            continue
        if HOLE in tables and path not in ANY_TABLE:
            found.append(f"{path}:{line} reads any table of every IBC")
        if tables & set(TENANT_TABLES) and path not in ACROSS:
            found.append(f"{path}:{line} reads {min(tables & set(TENANT_TABLES))} of every IBC")
    return found + [
        f"{path}:{node.lineno} imports {name.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if path not in MAY_IMPORT.get((str(node.module), name.name), {path})
    ]


def modules():
    for folder in FOLDERS:
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            name = path.relative_to(CHECKOUT).as_posix()
            if not name.startswith(THE_PHONES_OWN):
                yield name, path.read_text()


def test_every_statement_of_the_project_is_scoped():
    assert [line for path, source in modules() for line in findings(path, source)] == []


def test_the_lists_name_only_what_is_needed():
    """Under another name each of these modules would be found."""
    sources = dict(modules())
    assert sources.keys() >= TO_PHONES

    allowed = {*ANY_TABLE, *ACROSS}.union(*MAY_NAME.values(), *MAY_IMPORT.values())
    assert [path for path in allowed if not findings("api/elsewhere.py", sources[path])] == []


PLANTED = {
    "the feed beside its door": 'fetch(c, "SELECT body FROM feed WHERE ibc_id = :ibc_id")',
    "members": 'text("SELECT 1 FROM members WHERE ibc_id = :ibc_id")',
    "grants in a join": 'f"SELECT {x} FROM rounds r JOIN grants g ON g.ibc_id = r.ibc_id"',
    "no IBC at all": 'fetch(c, "SELECT name FROM consumers WHERE account_no = :account_no")',
    "a table from a variable": 'fetch(c, f"SELECT * FROM {table} WHERE id = :id")',
    "a join of two IBCs": 'text("SELECT 1 FROM stops s JOIN rounds r ON r.id = s.round_id")',
    "an update of all": 'c.execute(text("UPDATE rounds SET state = 1"))',
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_query_is_found(planted):
    source = f"def view(c, x, table):\n    return {PLANTED[planted]}\n"

    assert findings("api/readings.py", source)


def test_a_statement_that_is_built_of_the_mapped_class_is_found():
    assert findings("api/readings.py", "from models.log import Feed\n")
    assert findings("api/readings.py", "from sqlalchemy import select\n")
    assert findings("sync/writing.py", "from models.log import Feed\n") == []


def test_a_phone_that_is_answered_from_a_records_table_is_found():
    source = 'Q = "SELECT name FROM consumers WHERE ibc_id = :ibc_id"\n'

    assert findings("sync/pull.py", source)
    assert findings("sync/reading.py", source) == []
