"""The first schema: every table, and the triggers that keep what was written."""

import sqlalchemy as sa
from alembic import op

from models.migrations.triggers import drop_trigger_statements, trigger_statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "allocations",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "entry_seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "line_no",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "invoice_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "amount_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint("ibc_id", "entry_seq", "line_no", name=op.f("pk_allocations")),
        sqlite_strict=True,
    )
    op.create_index("ix_allocations_bill", "allocations", ["ibc_id", "invoice_no"], unique=False)
    op.create_table(
        "areas",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "name_ur", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "aliases", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "cash_collection_enabled",
            sa.Boolean().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "safety_level", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_areas")),
        sqlite_strict=True,
    )
    op.create_table(
        "bills",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "invoice_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "bill_month", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "reading_date", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "issue_date", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "due_date", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "current_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "arrears_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "within_due_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "late_tiers", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "notice_printed", sa.Boolean().with_variant(sa.Integer(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_bills")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_bills_ibc_id_account_no"), "bills", ["ibc_id", "account_no"], unique=False
    )
    op.create_table(
        "books_offsets",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("log_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entry_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "chain_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "trying_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("ibc_id", name=op.f("pk_books_offsets")),
        postgresql_with={"fillfactor": 50},
        sqlite_strict=True,
    )
    op.create_table(
        "chain_links",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "first_seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("last_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("ibc_id", "first_seq", name=op.f("pk_chain_links")),
        sqlite_strict=True,
    )
    op.create_table(
        "claims",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "value", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "record_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint("ibc_id", "kind", "value", name=op.f("pk_claims")),
        sqlite_strict=True,
    )
    op.create_table(
        "collections",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
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
            "unknown_payer_text",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "tender", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "amount_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "tendered_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "change_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "denominations", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "group_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "stop_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "bill_refs", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
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
            "drawer", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
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
            "payer_name", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "payer_phone", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "verify_code", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("printed", sa.Boolean().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "evidence", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_collections")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_collections_ibc_id_account_no"),
        "collections",
        ["ibc_id", "account_no"],
        unique=False,
    )
    op.create_table(
        "consumers",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "consumer_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("name", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "name_ur", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "address", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "area_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "walk_order", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "phone_e164", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "tariff", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "sanctioned_load_w",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("flags", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.Column(
            "supply_state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("lat_e6", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lon_e6", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "accuracy_m", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "source_as_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_consumers")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_consumers_account_no"), "consumers", ["account_no"], unique=False)
    op.create_index(
        op.f("ix_consumers_ibc_id_account_no"), "consumers", ["ibc_id", "account_no"], unique=True
    )
    op.create_index(
        op.f("ix_consumers_ibc_id_area_id_walk_order"),
        "consumers",
        ["ibc_id", "area_id", "walk_order"],
        unique=False,
    )
    op.create_table(
        "credentials",
        sa.Column(
            "staff_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "staff_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "password_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "pin_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("failures", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "locked_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_credentials")),
        sqlite_strict=True,
    )
    op.create_index("uq_credentials_staff_no", "credentials", ["staff_no"], unique=True)
    op.create_table(
        "custody_sessions",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "business_date",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_custody_sessions")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_custody_sessions_officer", "custody_sessions", ["ibc_id", "officer_id"], unique=False
    )
    op.create_table(
        "decisions",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "collection_id",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "to_account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_decisions")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_decisions_ibc_id_collection_id"),
        "decisions",
        ["ibc_id", "collection_id"],
        unique=False,
    )
    op.create_table(
        "device_chains",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "device_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("last_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "last_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "missing", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "last_seen_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("pending", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "app_version", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "clock_offset_ms", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.PrimaryKeyConstraint("ibc_id", "device_id", name=op.f("pk_device_chains")),
        postgresql_with={"fillfactor": 50},
        sqlite_strict=True,
    )
    op.create_table(
        "device_secrets",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "device_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "receipt_secret",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("ibc_id", "device_id", name=op.f("pk_device_secrets")),
        sqlite_strict=True,
    )
    op.create_table(
        "devices",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "staff_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "public_label", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "public_key", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_devices")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_devices_id"), "devices", ["id"], unique=False)
    op.create_table(
        "directory",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "address", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "area_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_directory")),
        sqlite_strict=True,
    )
    op.create_table(
        "enrolment_codes",
        sa.Column(
            "code_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "staff_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "created_by", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("tries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "used_by_device_id",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_enrolment_codes")),
        sqlite_strict=True,
    )
    op.create_table(
        "entries",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "business_date",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "occurred_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "posted_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "source_entity",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "source_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("log_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "idem_key", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "request_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "reverses_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "caused_by_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("memo", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.Column(
            "actor_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "prev_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("ibc_id", "seq", name=op.f("pk_entries")),
        sqlite_strict=True,
    )
    op.create_index("ix_entries_date", "entries", ["ibc_id", "business_date", "seq"], unique=False)
    op.create_index("ix_entries_source", "entries", ["ibc_id", "source_id"], unique=False)
    op.create_index("uq_entries_idem_key", "entries", ["ibc_id", "idem_key"], unique=True)
    op.create_index(
        "uq_entries_reverses",
        "entries",
        ["ibc_id", "reverses_seq"],
        unique=True,
        sqlite_where=sa.text("reverses_seq IS NOT NULL"),
        postgresql_where=sa.text("reverses_seq IS NOT NULL"),
    )
    op.create_table(
        "exceptions",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "subject_entity",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "subject_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "mutation_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "amount_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "detail", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "opened_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "opened_by_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "owner_role", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "resolution", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "resolved_by_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_exceptions")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_exceptions_state", "exceptions", ["ibc_id", "state", "opened_at", "id"], unique=False
    )
    op.create_index("ix_exceptions_subject", "exceptions", ["ibc_id", "subject_id"], unique=False)
    op.create_table(
        "feed",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "record_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "entity", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "scope", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "author_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("body", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.Column("gone", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("ibc_id", "record_id", "entity", "scope", name=op.f("pk_feed")),
        sqlite_strict=True,
    )
    op.create_index("ix_feed_position", "feed", ["ibc_id", "scope", "seq", "n"], unique=True)
    op.create_table(
        "grants",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "holder", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "scope", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint("ibc_id", "holder", "scope", name=op.f("pk_grants")),
        sqlite_strict=True,
    )
    op.create_table(
        "ibcs",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "name_ur", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "timezone", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "former_bocs", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_ibcs")),
        sqlite_strict=True,
    )
    op.create_table(
        "log_heads",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "epoch", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "chain_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint("ibc_id", name=op.f("pk_log_heads")),
        postgresql_with={"fillfactor": 50},
        sqlite_strict=True,
    )
    op.create_table(
        "members",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "scope", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "because", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint(
            "ibc_id", "scope", "account_no", "because", name=op.f("pk_members")
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_members_account", "members", ["ibc_id", "account_no", "scope"], unique=False
    )
    op.create_table(
        "meter_issues",
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
            "meter_no_seen", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "fault_code", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "severity", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("safety", sa.Boolean().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "reading_kwh", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "remark", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "reported_to_118_no",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "evidence", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_meter_issues")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_meter_issues_ibc_id_account_no"),
        "meter_issues",
        ["ibc_id", "account_no"],
        unique=False,
    )
    op.create_table(
        "meters",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "meter_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("phases", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digits", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "multiplier_milli", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "installed_on", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_meters")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_meters_ibc_id_account_no"), "meters", ["ibc_id", "account_no"], unique=False
    )
    op.create_table(
        "mutations",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("of_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.Column(
            "origin", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "author_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "author_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "entity", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("op", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "record_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "base_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "occurred_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "received_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "outcome", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("code", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.Column(
            "detail", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column("body", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "body_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "changes", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.PrimaryKeyConstraint("ibc_id", "seq", name=op.f("pk_mutations")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_mutations_base",
        "mutations",
        ["ibc_id", "record_id", "version"],
        unique=False,
        sqlite_where=sa.text("changes IS NOT NULL"),
        postgresql_where=sa.text("changes IS NOT NULL"),
    )
    op.create_index(
        "ix_mutations_of",
        "mutations",
        ["ibc_id", "of_id"],
        unique=False,
        sqlite_where=sa.text("of_id IS NOT NULL"),
        postgresql_where=sa.text("of_id IS NOT NULL"),
    )
    op.create_index(
        "uq_mutations_id",
        "mutations",
        ["ibc_id", "id"],
        unique=True,
        sqlite_where=sa.text("code IS NULL OR code <> 'ID_REUSED'"),
        postgresql_where=sa.text("code IS NULL OR code <> 'ID_REUSED'"),
    )
    op.create_index(
        "uq_mutations_reused_id",
        "mutations",
        ["ibc_id", "id", "body_hash"],
        unique=True,
        sqlite_where=sa.text("code = 'ID_REUSED'"),
        postgresql_where=sa.text("code = 'ID_REUSED'"),
    )
    op.create_table(
        "notice_services",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "notice_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "method", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "recipient_relation",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "witness", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_notice_services")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_notice_services_ibc_id_notice_id"),
        "notice_services",
        ["ibc_id", "notice_id"],
        unique=False,
    )
    op.create_table(
        "notices",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "notice_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "amount_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "issued_on", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "second_due_date",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "served_on", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_notices")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_notices_ibc_id_account_no"), "notices", ["ibc_id", "account_no"], unique=False
    )
    op.create_table(
        "positions",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "due_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "advance_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "uncleared_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "held_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "open_bills", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("as_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_positions")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_positions_ibc_id_account_no"), "positions", ["ibc_id", "account_no"], unique=True
    )
    op.create_table(
        "postings",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "entry_seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "line_no",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "account_code", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_of", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("side", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "amount_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.CheckConstraint("side IN ('D', 'C')", name=op.f("ck_postings_side_is_debit_or_credit")),
        sa.CheckConstraint("amount_paisa > 0", name=op.f("ck_postings_amount_is_positive")),
        sa.PrimaryKeyConstraint("ibc_id", "entry_seq", "line_no", name=op.f("pk_postings")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_postings_account",
        "postings",
        ["ibc_id", "account_code", "account_of", "entry_seq"],
        unique=False,
    )
    op.create_table(
        "receipt_blocks",
        sa.Column(
            "prefix", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "device_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "first_serial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "last_serial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "issued_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_receipt_blocks")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_receipt_blocks_device", "receipt_blocks", ["ibc_id", "device_id"], unique=False
    )
    op.create_table(
        "receipt_voids",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "collection_id",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "reason", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_receipt_voids")),
        sqlite_strict=True,
    )
    op.create_table(
        "refresh_tokens",
        sa.Column(
            "token_hash", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "family_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "staff_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "device_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "issued_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "successor_hash",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "successor_seed",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "revoked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
        sqlite_strict=True,
    )
    op.create_index("ix_refresh_tokens_family", "refresh_tokens", ["family_id"], unique=False)
    op.create_table(
        "rounds",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "area_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "officer_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "business_date",
            sa.Text(collation="C").with_variant(sa.Text(), "sqlite"),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "planned_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_rounds")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_rounds_ibc_id_business_date_officer_id"),
        "rounds",
        ["ibc_id", "business_date", "officer_id"],
        unique=False,
    )
    op.create_table(
        "scope_heads",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "scope", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("ibc_id", "scope", name=op.f("pk_scope_heads")),
        postgresql_with={"fillfactor": 50},
        sqlite_strict=True,
    )
    op.create_table(
        "staff",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "staff_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column(
            "name_ur", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "roles", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("grade", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.Column("active", sa.Boolean().with_variant(sa.Integer(), "sqlite"), nullable=False),
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_staff")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_staff_ibc_id_staff_no"), "staff", ["ibc_id", "staff_no"], unique=True)
    op.create_index(op.f("ix_staff_id"), "staff", ["id"], unique=False)
    op.create_table(
        "stops",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "round_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "account_no", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "walk_order", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "reason", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "expected_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "outcome", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "skipped_because",
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_stops")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_stops_ibc_id_account_no"), "stops", ["ibc_id", "account_no"], unique=False
    )
    op.create_index(
        op.f("ix_stops_ibc_id_round_id_walk_order"),
        "stops",
        ["ibc_id", "round_id", "walk_order"],
        unique=False,
    )
    op.create_table(
        "verdicts",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column("id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "device_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "mutation_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "verdict", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "by_role", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "reason", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "decided_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_verdicts")),
        sqlite_strict=True,
    )
    op.create_table(
        "visits",
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
            "stop_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "outcome", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "promise_date", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True
        ),
        sa.Column(
            "promise_paisa", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
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
        sa.PrimaryKeyConstraint("ibc_id", "id", name=op.f("pk_visits")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_visits_ibc_id_account_no"), "visits", ["ibc_id", "account_no"], unique=False
    )
    op.create_table(
        "waiting",
        sa.Column(
            "ibc_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "entity", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "record_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False
        ),
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("since", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("ibc_id", "entity", "record_id", "seq", name=op.f("pk_waiting")),
        sqlite_strict=True,
    )
    for statement in trigger_statements(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for statement in drop_trigger_statements(op.get_bind().dialect.name):
        op.execute(statement)
    op.drop_table("waiting")
    op.drop_index(op.f("ix_visits_ibc_id_account_no"), table_name="visits")
    op.drop_table("visits")
    op.drop_table("verdicts")
    op.drop_index(op.f("ix_stops_ibc_id_round_id_walk_order"), table_name="stops")
    op.drop_index(op.f("ix_stops_ibc_id_account_no"), table_name="stops")
    op.drop_table("stops")
    op.drop_index(op.f("ix_staff_id"), table_name="staff")
    op.drop_index(op.f("ix_staff_ibc_id_staff_no"), table_name="staff")
    op.drop_table("staff")
    op.drop_table("scope_heads")
    op.drop_index(op.f("ix_rounds_ibc_id_business_date_officer_id"), table_name="rounds")
    op.drop_table("rounds")
    op.drop_index("ix_refresh_tokens_family", table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_table("receipt_voids")
    op.drop_index("ix_receipt_blocks_device", table_name="receipt_blocks")
    op.drop_table("receipt_blocks")
    op.drop_index("ix_postings_account", table_name="postings")
    op.drop_table("postings")
    op.drop_index(op.f("ix_positions_ibc_id_account_no"), table_name="positions")
    op.drop_table("positions")
    op.drop_index(op.f("ix_notices_ibc_id_account_no"), table_name="notices")
    op.drop_table("notices")
    op.drop_index(op.f("ix_notice_services_ibc_id_notice_id"), table_name="notice_services")
    op.drop_table("notice_services")
    op.drop_index(
        "uq_mutations_reused_id",
        table_name="mutations",
        sqlite_where=sa.text("code = 'ID_REUSED'"),
        postgresql_where=sa.text("code = 'ID_REUSED'"),
    )
    op.drop_index(
        "uq_mutations_id",
        table_name="mutations",
        sqlite_where=sa.text("code IS NULL OR code <> 'ID_REUSED'"),
        postgresql_where=sa.text("code IS NULL OR code <> 'ID_REUSED'"),
    )
    op.drop_index(
        "ix_mutations_of",
        table_name="mutations",
        sqlite_where=sa.text("of_id IS NOT NULL"),
        postgresql_where=sa.text("of_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_mutations_base",
        table_name="mutations",
        sqlite_where=sa.text("changes IS NOT NULL"),
        postgresql_where=sa.text("changes IS NOT NULL"),
    )
    op.drop_table("mutations")
    op.drop_index(op.f("ix_meters_ibc_id_account_no"), table_name="meters")
    op.drop_table("meters")
    op.drop_index(op.f("ix_meter_issues_ibc_id_account_no"), table_name="meter_issues")
    op.drop_table("meter_issues")
    op.drop_index("ix_members_account", table_name="members")
    op.drop_table("members")
    op.drop_table("log_heads")
    op.drop_table("ibcs")
    op.drop_table("grants")
    op.drop_index("ix_feed_position", table_name="feed")
    op.drop_table("feed")
    op.drop_index("ix_exceptions_subject", table_name="exceptions")
    op.drop_index("ix_exceptions_state", table_name="exceptions")
    op.drop_table("exceptions")
    op.drop_index(
        "uq_entries_reverses",
        table_name="entries",
        sqlite_where=sa.text("reverses_seq IS NOT NULL"),
        postgresql_where=sa.text("reverses_seq IS NOT NULL"),
    )
    op.drop_index("uq_entries_idem_key", table_name="entries")
    op.drop_index("ix_entries_source", table_name="entries")
    op.drop_index("ix_entries_date", table_name="entries")
    op.drop_table("entries")
    op.drop_table("enrolment_codes")
    op.drop_table("directory")
    op.drop_index(op.f("ix_devices_id"), table_name="devices")
    op.drop_table("devices")
    op.drop_table("device_secrets")
    op.drop_table("device_chains")
    op.drop_index(op.f("ix_decisions_ibc_id_collection_id"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("ix_custody_sessions_officer", table_name="custody_sessions")
    op.drop_table("custody_sessions")
    op.drop_index("uq_credentials_staff_no", table_name="credentials")
    op.drop_table("credentials")
    op.drop_index(op.f("ix_consumers_ibc_id_area_id_walk_order"), table_name="consumers")
    op.drop_index(op.f("ix_consumers_ibc_id_account_no"), table_name="consumers")
    op.drop_index(op.f("ix_consumers_account_no"), table_name="consumers")
    op.drop_table("consumers")
    op.drop_index(op.f("ix_collections_ibc_id_account_no"), table_name="collections")
    op.drop_table("collections")
    op.drop_table("claims")
    op.drop_table("chain_links")
    op.drop_table("books_offsets")
    op.drop_index(op.f("ix_bills_ibc_id_account_no"), table_name="bills")
    op.drop_table("bills")
    op.drop_table("areas")
    op.drop_index("ix_allocations_bill", table_name="allocations")
    op.drop_table("allocations")
