"""What is kept of a device: its gaps, signatures, orders and end; and its mutations by number."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "device_chains",
        sa.Column("gap_since", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
    )
    op.add_column(
        "device_chains",
        sa.Column(
            "signs",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="0",
            nullable=False,
        ),
    )
    op.add_column(
        "device_chains",
        sa.Column(
            "pending_since", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
    )
    op.add_column(
        "device_chains",
        sa.Column(
            "refused",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="0",
            nullable=False,
        ),
    )
    op.add_column(
        "device_chains",
        sa.Column(
            "held",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="0",
            nullable=False,
        ),
    )
    op.add_column(
        "device_chains",
        sa.Column(
            "orders",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            server_default="[]",
            nullable=False,
        ),
    )
    op.add_column(
        "device_chains",
        sa.Column("ended_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
    )
    op.add_column(
        "device_chains",
        sa.Column("wiped_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
    )
    op.create_index(
        "ix_mutations_author",
        "mutations",
        ["ibc_id", "author_id", "author_seq"],
        unique=False,
        sqlite_where=sa.text("author_seq IS NOT NULL"),
        postgresql_where=sa.text("author_seq IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_mutations_author",
        table_name="mutations",
        sqlite_where=sa.text("author_seq IS NOT NULL"),
        postgresql_where=sa.text("author_seq IS NOT NULL"),
    )
    op.drop_column("device_chains", "wiped_at")
    op.drop_column("device_chains", "ended_at")
    op.drop_column("device_chains", "orders")
    op.drop_column("device_chains", "held")
    op.drop_column("device_chains", "refused")
    op.drop_column("device_chains", "pending_since")
    op.drop_column("device_chains", "signs")
    op.drop_column("device_chains", "gap_since")
