"""Row-level security on every table of an IBC, and the role that cannot climb over it (decision 0019)."""

from sqlalchemy import Connection, inspect

from infra.tenancy import EVERY, SETTING
from models import Base

APP_ROLE = "field_app"
"""What the web and the workers work as: it owns nothing and has no BYPASSRLS."""
POLICY = "within_its_ibc"
ABOVE = {
    "log_heads": "which IBCs there are; locking this row is how a transaction enters one",
    "credentials": "a person's staff number and the hashes that open it: one person, several IBCs",
    "refresh_tokens": "a sign-in belongs to a person, and at a desk to no IBC",
}
"""Tables without the wall, and why: the directories above the IBCs (ruling 7)."""

TENANT_TABLES = sorted(
    table.name
    for table in Base.metadata.sorted_tables
    if "ibc_id" in table.columns and table.name not in ABOVE
)

HERE = f"nullif(coalesce(current_setting('{SETTING}', true), ''), '{EVERY}')"
"""Null only when somebody has said EVERY; nothing said is '', which is no IBC's code."""
READ_BY_POLLS = ("device_chains", "grants", "scope_heads")


def put_up_walls(connection: Connection) -> None:
    """Put the policy on every table that lacks it, and let the role in; again changes nothing.

    Runs at the end of every migration, so that a new table has its wall before its first row.
    """
    if connection.dialect.name == "sqlite":
        return
    for statement in wall_statements(set(inspect(connection).get_table_names())):
        connection.exec_driver_sql(statement)


def wall_statements(existing: set[str]) -> list[str]:
    """The DDL for a PostgreSQL database that has these tables."""
    statements = []
    for table in TENANT_TABLES:
        if table in existing:
            condition = condition_on(table)
            statements += [
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
                # The owner as well, unless it is a superuser: those no policy holds.
                f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
                f"DROP POLICY IF EXISTS {POLICY} ON {table}",
                f"CREATE POLICY {POLICY} ON {table} USING ({condition}) WITH CHECK ({condition})",
            ]
    return [*statements, *_role_statements(existing)]


def condition_on(table: str) -> str:
    """Which rows of a table are seen and may be written.

    In brackets with SELECT the setting is asked for once a statement, else for each row. Planning
    the former costs more than a few rows: an empty poll took 64 µs longer by it, and 18 by the latter.
    """
    here = HERE if table in READ_BY_POLLS else f"(SELECT {HERE})"
    return f"ibc_id = coalesce({here}, ibc_id)"


def _role_statements(existing: set[str]) -> list[str]:
    """Make the role unless somebody has, and let it work on rows: never on tables."""
    tables = ", ".join(sorted(existing & {table.name for table in Base.metadata.sorted_tables}))
    granted = [
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {APP_ROLE}",
        # Whoever migrates may work as the role, too: `make run` does with one address.
        f"GRANT {APP_ROLE} TO CURRENT_USER",
    ]
    if "alembic_version" in existing:
        granted.append(f"GRANT SELECT ON alembic_version TO {APP_ROLE}")
    return [
        # Roles belong to the whole server: another database may be making it at this moment.
        (
            f"DO $$ BEGIN CREATE ROLE {APP_ROLE} NOLOGIN NOBYPASSRLS; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        ),
        *granted,
    ]
