"""Triggers that keep what was written: no UPDATE, no DELETE, no unbalanced entry (M1, M2)."""

KEPT = ("entries", "postings", "allocations", "mutations", "chain_links")
"""Tables whose rows are never changed once written."""

SQLITE, POSTGRESQL = "sqlite", "postgresql"


def trigger_statements(dialect: str) -> list[str]:
    """The DDL for a database that has the tables; each statement runs by itself."""
    return _sqlite() if dialect == SQLITE else _postgresql()


def drop_trigger_statements(dialect: str) -> list[str]:
    """The DDL that takes them away again, for a downgrade."""
    if dialect == SQLITE:
        return [f"DROP TRIGGER IF EXISTS {name}" for table in KEPT for name in trigger_names(table)]
    dropped = [
        f"DROP TRIGGER IF EXISTS {name} ON {table}"
        for table in KEPT
        for name in trigger_names(table)
    ]
    return [
        *dropped,
        "DROP TRIGGER IF EXISTS postings_balance ON postings",
        "DROP FUNCTION IF EXISTS refuse_change()",
        "DROP FUNCTION IF EXISTS refuse_unbalanced()",
    ]


def trigger_names(table: str) -> tuple[str, str]:
    """What stands on a kept table; `books verify` looks for these (M2)."""
    return f"{table}_no_update", f"{table}_no_delete"


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {name} BEFORE {operation} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only, write a new row that corrects it'); END"
        for table in KEPT
        for name, operation in zip(trigger_names(table), ("UPDATE", "DELETE"), strict=True)
    ]


def _postgresql() -> list[str]:
    statements = [
        (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || "
            "' is append-only, write a new row that corrects it'; END $$"
        ),
        # One look at all rows of a statement: the journal writes a chunk's postings with one.
        (
            "CREATE OR REPLACE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "DECLARE bad record; BEGIN "
            "SELECT ibc_id, entry_seq INTO bad FROM written GROUP BY ibc_id, entry_seq "
            "HAVING sum(CASE side WHEN 'D' THEN amount_paisa ELSE -amount_paisa END) <> 0 "
            "OR count(*) < 2 LIMIT 1; "
            "IF FOUND THEN RAISE EXCEPTION USING MESSAGE = "
            "'entry ' || bad.entry_seq || ' of ' || bad.ibc_id || ' does not balance'; END IF; "
            "RETURN NULL; END $$"
        ),
    ]
    for table in KEPT:
        for name, operation in zip(trigger_names(table), ("UPDATE", "DELETE"), strict=True):
            statements.append(
                f"CREATE TRIGGER {name} BEFORE {operation} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
    statements.append(
        "CREATE TRIGGER postings_balance AFTER INSERT ON postings "
        "REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced()"
    )
    return statements
