"""From hand to bank: custody, counts, handovers, slips, instruments, clearing, adjustments, closed dates."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from infra.ids import derived_id

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OLD_COLUMNS = ("ibc_id", "id", "officer_id", "business_date")
CEILING_PAISA = 200_000_00


def _session(ibc_id: str, officer_id: str, business_date: str) -> dict[str, Any]:
    """A session as it was kept before, as the record that it is from now on."""
    account_of = f"{officer_id}/{business_date}"
    return {
        "ibc_id": ibc_id,
        "id": derived_id("cash_session", ibc_id, account_of),
        "version": 1,
        "account_of": account_of,
        "officer_id": officer_id,
        "business_date": business_date,
        "kind": "round",
        "opening_paisa": 0,
        "ceiling_paisa": CEILING_PAISA,
        "state": "open",
        "author_id": "books",
        "occurred_at": 0,
        "received_at": 0,
    }


def upgrade() -> None:
    known = op.get_bind().execute(
        sa.text("SELECT ibc_id, officer_id, business_date FROM custody_sessions")
    )
    sessions = [_session(*row) for row in known]
    op.drop_table("custody_sessions")
    op.create_table(
        "adjustments",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "account_of", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "amount_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "paid_by", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "bank_account", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "reason", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "maker_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "checker_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "second_checker_id",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_adjustments")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_adjustments_ibc_id_account_no"),
        "adjustments",
        ["ibc_id", "account_no"],
        unique=False,
    )
    op.create_index(
        op.f("ix_adjustments_ibc_id_account_of"),
        "adjustments",
        ["ibc_id", "account_of"],
        unique=False,
    )
    op.create_index(
        op.f("ix_adjustments_ibc_id_state"), "adjustments", ["ibc_id", "state"], unique=False
    )
    op.create_table(
        "cash_counts",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "session_date", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "purpose", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "denominations",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "total_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "cheque_ids", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("unsent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_cash_counts")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_cash_counts_ibc_id_officer_id_session_date"),
        "cash_counts",
        ["ibc_id", "officer_id", "session_date"],
        unique=False,
    )
    op.create_table(
        "clearings",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "outcome", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "deposit_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "collection_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "undoes_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "provider", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "bank_account", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "amount_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "fee_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "value_on", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "match_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "reason", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "maker_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_clearings")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_clearings_ibc_id_collection_id"),
        "clearings",
        ["ibc_id", "collection_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_clearings_ibc_id_deposit_id"), "clearings", ["ibc_id", "deposit_id"], unique=False
    )
    op.create_table(
        "custody_sessions",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_of", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "business_date",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "opening_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "ceiling_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "receipt_prefix",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "ended_as", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("ended_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_custody_sessions")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_custody_sessions_ibc_id_account_of"),
        "custody_sessions",
        ["ibc_id", "account_of"],
        unique=True,
    )
    op.create_index(
        op.f("ix_custody_sessions_ibc_id_business_date"),
        "custody_sessions",
        ["ibc_id", "business_date"],
        unique=False,
    )
    op.create_index(
        op.f("ix_custody_sessions_ibc_id_officer_id"),
        "custody_sessions",
        ["ibc_id", "officer_id"],
        unique=False,
    )
    op.create_table(
        "deposits",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "bank_account", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "slip_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "bag_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "total_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "denominations", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "cheque_ids", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "photo_sha256", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "deposited_on", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "maker_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_deposits")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_deposits_ibc_id_slip_no"), "deposits", ["ibc_id", "slip_no"], unique=False
    )
    op.create_index(
        op.f("ix_deposits_ibc_id_state_deposited_on"),
        "deposits",
        ["ibc_id", "state", "deposited_on"],
        unique=False,
    )
    op.create_table(
        "handovers",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "session_date", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "purpose", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "count_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "offered", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "cheque_ids", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "cashier_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "counted", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "counted_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("provisional", sa.Boolean().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "reason", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_handovers")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_handovers_ibc_id_officer_id_session_date"),
        "handovers",
        ["ibc_id", "officer_id", "session_date"],
        unique=False,
    )
    op.create_index(
        op.f("ix_handovers_ibc_id_state"), "handovers", ["ibc_id", "state"], unique=False
    )
    op.create_table(
        "instruments",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "receipt_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "amount_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("bank", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.Column(
            "instrument_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "instrument_date",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "wallet_provider",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "wallet_txn_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "deposit_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "presented", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_instruments")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_instruments_ibc_id_deposit_id"),
        "instruments",
        ["ibc_id", "deposit_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_instruments_ibc_id_instrument_no"),
        "instruments",
        ["ibc_id", "instrument_no"],
        unique=False,
    )
    op.create_index(
        op.f("ix_instruments_ibc_id_state_kind"),
        "instruments",
        ["ibc_id", "state", "kind"],
        unique=False,
    )
    op.create_index(
        op.f("ix_instruments_ibc_id_wallet_txn_id"),
        "instruments",
        ["ibc_id", "wallet_txn_id"],
        unique=False,
    )
    op.create_table(
        "loss_reports",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "session_date", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "area_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "fir_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "statement", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "reporter_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_loss_reports")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_loss_reports_ibc_id_officer_id_session_date"),
        "loss_reports",
        ["ibc_id", "officer_id", "session_date"],
        unique=False,
    )
    op.create_table(
        "periods",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "business_date",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "closer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("forced", sa.Boolean().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "reason", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "closed_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_periods")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_periods_ibc_id_business_date"), "periods", ["ibc_id", "business_date"], unique=True
    )
    op.create_table(
        "surprise_counts",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "session_date", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "counted", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "counted_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "counter_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("note", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.Column(
            "books_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "difference_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_surprise_counts")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_surprise_counts_ibc_id_officer_id_session_date"),
        "surprise_counts",
        ["ibc_id", "officer_id", "session_date"],
        unique=False,
    )
    op.add_column(
        "collections",
        sa.Column(
            "rebuilt_by", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
    )
    if sessions:
        op.bulk_insert(sa.table("custody_sessions", *map(sa.column, sessions[0])), sessions)


def downgrade() -> None:
    op.drop_column("collections", "rebuilt_by")
    op.drop_index(
        op.f("ix_surprise_counts_ibc_id_officer_id_session_date"), table_name="surprise_counts"
    )
    op.drop_table("surprise_counts")
    op.drop_index(op.f("ix_periods_ibc_id_business_date"), table_name="periods")
    op.drop_table("periods")
    op.drop_index(op.f("ix_loss_reports_ibc_id_officer_id_session_date"), table_name="loss_reports")
    op.drop_table("loss_reports")
    op.drop_index(op.f("ix_instruments_ibc_id_wallet_txn_id"), table_name="instruments")
    op.drop_index(op.f("ix_instruments_ibc_id_state_kind"), table_name="instruments")
    op.drop_index(op.f("ix_instruments_ibc_id_instrument_no"), table_name="instruments")
    op.drop_index(op.f("ix_instruments_ibc_id_deposit_id"), table_name="instruments")
    op.drop_table("instruments")
    op.drop_index(op.f("ix_handovers_ibc_id_state"), table_name="handovers")
    op.drop_index(op.f("ix_handovers_ibc_id_officer_id_session_date"), table_name="handovers")
    op.drop_table("handovers")
    op.drop_index(op.f("ix_deposits_ibc_id_state_deposited_on"), table_name="deposits")
    op.drop_index(op.f("ix_deposits_ibc_id_slip_no"), table_name="deposits")
    op.drop_table("deposits")
    op.drop_index(op.f("ix_custody_sessions_ibc_id_officer_id"), table_name="custody_sessions")
    op.drop_index(op.f("ix_custody_sessions_ibc_id_business_date"), table_name="custody_sessions")
    op.drop_index(op.f("ix_custody_sessions_ibc_id_account_of"), table_name="custody_sessions")
    op.drop_table("custody_sessions")
    op.drop_index(op.f("ix_clearings_ibc_id_deposit_id"), table_name="clearings")
    op.drop_index(op.f("ix_clearings_ibc_id_collection_id"), table_name="clearings")
    op.drop_table("clearings")
    op.drop_index(op.f("ix_cash_counts_ibc_id_officer_id_session_date"), table_name="cash_counts")
    op.drop_table("cash_counts")
    op.drop_index(op.f("ix_adjustments_ibc_id_state"), table_name="adjustments")
    op.drop_index(op.f("ix_adjustments_ibc_id_account_of"), table_name="adjustments")
    op.drop_index(op.f("ix_adjustments_ibc_id_account_no"), table_name="adjustments")
    op.drop_table("adjustments")
    op.create_table(
        "custody_sessions",
        *(sa.Column(name, sa.Text(), nullable=False) for name in OLD_COLUMNS),
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_custody_sessions")),
        sqlite_strict=True,
    )
    op.create_index("ix_custody_sessions_officer", "custody_sessions", ["ibc_id", "officer_id"])
