"""scopes that move."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
    op.add_column("device_chains", sa.Column("cursor", words, nullable=True))
