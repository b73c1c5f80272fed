"""Brings a database to the newest revision, says whether it is there, and writes new revisions."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from models import Base
from models.migrations.walls import put_up_walls

FOLDER = Path(__file__).parent


def upgrade(connection: Connection) -> None:
    """Run every revision that the database lacks; afterwards every table of an IBC has its wall."""
    command.upgrade(_config(connection), "head")
    put_up_walls(connection)


def revise(connection: Connection, message: str) -> None:
    """Write a new revision from the difference between the tables and the declarations."""
    command.revision(_config(connection), message=message, autogenerate=True)


def current_revision(connection: Connection) -> str | None:
    """The revision that the database has; None when it was made without revisions, as in tests."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(connection: Connection) -> bool:
    """Whether the database has every revision; a server refuses to run on another schema."""
    head = ScriptDirectory.from_config(_config(connection)).get_current_head()
    return current_revision(connection) == head


def differences(connection: Connection) -> list[object]:
    """What autogenerate would still change; a test keeps this empty on both databases."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
