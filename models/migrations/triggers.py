"""Triggers that keep what was written: no UPDATE, no DELETE, no unbalanced entry (M1, M2)."""

KEPT = ("entries", "postings", "allocations", "mutations", "chain_links")
"""Tables whose rows are never changed once written."""

KEPT_SINCE = {
    "0002": ("case_actions",),
    "0008": ("exports", "answer_files", "billing_answers", "tie_outs", "tie_out_lines"),
}
"""Revision → tables that it makes and keeps; KEPT is what the first one keeps."""

SQLITE, POSTGRESQL = "sqlite", "postgresql"


def trigger_statements(dialect: str) -> list[str]:
    """The DDL for a database that has the tables; each statement runs by itself."""
    return _sqlite() if dialect == SQLITE else _postgresql()


def drop_trigger_statements(dialect: str) -> list[str]:
    """The DDL that takes them all away again, those of later revisions too."""
    tables = [*KEPT, *(table for later in KEPT_SINCE.values() for table in later)]
    if dialect == SQLITE:
        return [
            f"DROP TRIGGER IF EXISTS {name}" for table in tables for name in trigger_names(table)
        ]
    dropped = [
        f"DROP TRIGGER IF EXISTS {name} ON {table}"
        for table in tables
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


def later_statements(dialect: str) -> list[str]:
    """The DDL for what the revisions after the first one keep, where tables are made at once."""
    return [
        statement
        for tables in KEPT_SINCE.values()
        for table in tables
        for statement in keep_statements(dialect, table)
    ]


def keep_statements(dialect: str, table: str) -> list[str]:
    """The DDL after which a table's rows are never changed; PostgreSQL has the function by then."""
    refusal = (
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only, write a new row that corrects it'); END"
        if dialect == SQLITE
        else "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    return [
        f"CREATE TRIGGER {name} BEFORE {operation} ON {table} {refusal}"
        for name, operation in zip(trigger_names(table), ("UPDATE", "DELETE"), strict=True)
    ]


def _sqlite() -> list[str]:
    return [statement for table in KEPT for statement in keep_statements(SQLITE, table)]


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
        statements += keep_statements(POSTGRESQL, table)
    statements.append(
        "CREATE TRIGGER postings_balance AFTER INSERT ON postings "
        "REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced()"
    )
    return statements
