"""The books: entries and their postings, never changed once written (triggers refuse), and what they have read."""

from sqlalchemy import CheckConstraint, Column, Index
from sqlalchemy import text as sql

from models.base import STRICT, Base
from models.kinds import TEXT, WHOLE
from models.log import HOT


class BooksOffset(Base):
    """How far the books of an IBC have read its log; its lock comes before the IBC's."""

    __tablename__ = "books_offsets"
    __table_args__ = (STRICT | HOT,)

    ibc_id = Column(TEXT, primary_key=True)
    log_seq = Column(WHOLE, nullable=False)
    entry_seq = Column(WHOLE, nullable=False)
    chain_hash = Column(TEXT, nullable=False)
    trying_seq = Column(WHOLE)
    """The log entry being tried alone after a chunk failed; committed before the attempt."""
    attempts = Column(WHOLE, nullable=False)


class Entry(Base):
    """One event in the books: at least two postings whose debits equal its credits."""

    __tablename__ = "entries"
    __table_args__ = (
        Index("uq_entries_idem_key", "ibc_id", "idem_key", unique=True),
        Index("ix_entries_source", "ibc_id", "source_id"),
        Index("ix_entries_date", "ibc_id", "business_date", "seq"),
        Index(
            "uq_entries_reverses",
            "ibc_id",
            "reverses_seq",
            unique=True,
            sqlite_where=sql("reverses_seq IS NOT NULL"),
            postgresql_where=sql("reverses_seq IS NOT NULL"),
        ),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    seq = Column(WHOLE, primary_key=True, autoincrement=False)
    kind = Column(TEXT, nullable=False)
    """The journal template that wrote it."""
    business_date = Column(TEXT, nullable=False)
    occurred_at = Column(WHOLE, nullable=False)
    posted_at = Column(WHOLE, nullable=False)
    source_entity = Column(TEXT, nullable=False)
    source_id = Column(TEXT, nullable=False)
    log_seq = Column(WHOLE, nullable=False)
    """The log entry that caused it."""
    idem_key = Column(TEXT, nullable=False)
    request_hash = Column(TEXT, nullable=False)
    """Hash of the mutation that asked for it, not of the derived lines."""
    reverses_seq = Column(WHOLE)
    caused_by_seq = Column(WHOLE)
    memo = Column(TEXT)
    actor_id = Column(TEXT, nullable=False)
    prev_hash = Column(TEXT, nullable=False)
    hash = Column(TEXT, nullable=False)


class Posting(Base):
    """One line of an entry: an account, a side and a positive amount."""

    __tablename__ = "postings"
    __table_args__ = (
        CheckConstraint("amount_paisa > 0", name="amount_is_positive"),
        CheckConstraint("side IN ('D', 'C')", name="side_is_debit_or_credit"),
        Index("ix_postings_account", "ibc_id", "account_code", "account_of", "entry_seq"),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    entry_seq = Column(WHOLE, primary_key=True, autoincrement=False)
    line_no = Column(WHOLE, primary_key=True, autoincrement=False)
    account_code = Column(WHOLE, nullable=False)
    """Row of the chart of accounts (ledger/accounts.py)."""
    account_of = Column(TEXT, nullable=False)
    """Whose account: a consumer's account number, a custody session, a collection; '' for one of a kind."""
    side = Column(TEXT, nullable=False)
    amount_paisa = Column(WHOLE, nullable=False)


class Allocation(Base):
    """How a receipt pays bills: oldest first; what no bill takes is the consumer's advance."""

    __tablename__ = "allocations"
    __table_args__ = (Index("ix_allocations_bill", "ibc_id", "invoice_no"), STRICT)

    ibc_id = Column(TEXT, primary_key=True)
    entry_seq = Column(WHOLE, primary_key=True, autoincrement=False)
    line_no = Column(WHOLE, primary_key=True, autoincrement=False)
    account_no = Column(TEXT, nullable=False)
    invoice_no = Column(TEXT, nullable=False)
    """'' for what went to the advance."""
    amount_paisa = Column(WHOLE, nullable=False)
    """Positive when it pays, negative when a void or a transfer gives it back."""
