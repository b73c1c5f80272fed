"""Runs the revisions on the connection that the command hands over (`flask --app wsgi migrate`)."""

from alembic import context

from models import Base


def run() -> None:
    """One transaction for all revisions: a migration that is killed leaves nothing half done."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=False,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
