"""The desk: what people do with cases, the acts of cutting and reconnecting, linked meter issues."""

import sqlalchemy as sa
from alembic import op

from models.migrations.triggers import KEPT_SINCE, keep_statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_actions",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "case_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "action", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "by_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "by_role", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "assignee_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "chosen", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("note", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.Column("log_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("ibc_id", "case_id", "version", name=op.f("pk_case_actions")),
        sqlite_strict=True,
    )
    op.create_table(
        "disconnection_acts",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "order_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "meter_no_seen", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "reading_kwh", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "seal_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "remark", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "evidence", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "author_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "occurred_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "received_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "deleted_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_disconnection_acts")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_disconnection_acts_ibc_id_account_no"),
        "disconnection_acts",
        ["ibc_id", "account_no"],
        unique=False,
    )
    op.create_table(
        "reconnection_acts",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "order_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "meter_no_seen", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "reading_kwh", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "seal_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "remark", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "evidence", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "author_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "occurred_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "received_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "deleted_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_reconnection_acts")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_reconnection_acts_ibc_id_account_no"),
        "reconnection_acts",
        ["ibc_id", "account_no"],
        unique=False,
    )
    op.add_column(
        "exceptions",
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="1",
            nullable=False,
        ),
    )
    op.add_column(
        "exceptions",
        sa.Column(
            "assignee_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
    )
    op.add_column(
        "meter_issues",
        sa.Column(
            "duplicate_of", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
    )
    op.add_column(
        "meter_issues",
        sa.Column(
            "sla_started_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
    )
    for table in KEPT_SINCE[revision]:
        for statement in keep_statements(op.get_bind().dialect.name, table):
            op.execute(statement)


def downgrade() -> None:
    op.drop_column("meter_issues", "sla_started_at")
    op.drop_column("meter_issues", "duplicate_of")
    op.drop_column("exceptions", "assignee_id")
    op.drop_column("exceptions", "version")
    op.drop_index(op.f("ix_reconnection_acts_ibc_id_account_no"), table_name="reconnection_acts")
    op.drop_table("reconnection_acts")
    op.drop_index(op.f("ix_disconnection_acts_ibc_id_account_no"), table_name="disconnection_acts")
    op.drop_table("disconnection_acts")
    op.drop_table("case_actions")
