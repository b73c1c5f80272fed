"""successors."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "successors",
        sa.Column("ibc_id", words, nullable=False),
        sa.Column("account_no", words, nullable=False),
        sa.Column("to_ibc_id", words, nullable=False),
        sa.Column("moved_at", whole, nullable=False),
        sa.Column("request_key", words, nullable=False),
        sa.Column("carried_paisa", whole, nullable=False),
        sa.PrimaryKeyConstraint("ibc_id", "account_no", name=op.f("pk_successors")),
        sqlite_strict=True,
    )
