"""What reconciliation works with: files and their lines, suggestions, and what matches hold."""

from sqlalchemy import CheckConstraint, Column, Index
from sqlalchemy import text as sql

from models.base import STRICT, Base
from models.kinds import TEXT, WHOLE

BEING_READ = "state = 'reading'"
STANDS = "undone_by IS NULL"
OPEN = "match_id IS NULL"


class StatementFile(Base):
    """A file as it was sent, and how far its import has come; its bytes are kept by their hash."""

    __tablename__ = "statement_files"
    __table_args__ = (
        Index("uq_statement_files_sha256", "ibc_id", "source_id", "sha256", unique=True),
        Index(
            "uq_statement_files_reading",
            "ibc_id",
            "source_id",
            unique=True,
            sqlite_where=sql(BEING_READ),
            postgresql_where=sql(BEING_READ),
        ),
        Index("ix_statement_files_state", "state", "ibc_id"),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    id = Column(TEXT, primary_key=True)
    source_id = Column(TEXT, nullable=False)
    sha256 = Column(TEXT, nullable=False)
    byte_count = Column(WHOLE, nullable=False)
    sent_by = Column(TEXT, nullable=False)
    sent_at = Column(WHOLE, nullable=False)
    said = Column(TEXT, nullable=False)
    """JSON: statement_no, opening_paisa and closing_paisa, when the sender had to say them."""
    state = Column(TEXT, nullable=False)
    """waiting, reading, stored or refused."""
    attempt = Column(WHOLE, nullable=False)
    """Counts who has begun to read it: an earlier one that lives on writes nothing more."""
    beat_at = Column(WHOLE)
    """When its reader last said that it lives."""
    lines_read = Column(WHOLE, nullable=False)
    lines_stored = Column(WHOLE, nullable=False)
    lines_repeated = Column(WHOLE, nullable=False)
    faults = Column(TEXT, nullable=False)
    """JSON list of {line, error, column}: why it was refused."""
    statement_ids = Column(TEXT, nullable=False)
    """JSON list of the statements whose lines it has, by whichever file they came."""
    ended_at = Column(WHOLE)


class StatementLine(Base):
    """One booking on a statement; it counts once its statement is stored."""

    __tablename__ = "statement_lines"
    __table_args__ = (
        Index("ix_statement_lines_statement", "ibc_id", "statement_id", "ordinal"),
        Index("ix_statement_lines_file", "ibc_id", "file_id"),
        Index(
            "ix_statement_lines_amount",
            *("ibc_id", "source_id", "amount_paisa", "booked_on"),
            sqlite_where=sql(OPEN),
            postgresql_where=sql(OPEN),
        ),
        Index(
            "ix_statement_lines_open",
            *("ibc_id", "source_id", "booked_on", "id"),
            sqlite_where=sql(OPEN),
            postgresql_where=sql(OPEN),
        ),
        Index("ix_statement_lines_txn", "ibc_id", "source_id", "txn_id"),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    id = Column(TEXT, primary_key=True)
    """Derived from the source and what the line says, so that it is the same line in every file."""
    source_id = Column(TEXT, nullable=False)
    file_id = Column(TEXT, nullable=False)
    statement_id = Column(TEXT, nullable=False)
    ordinal = Column(WHOLE, nullable=False)
    file_line = Column(WHOLE, nullable=False)
    booked_on = Column(TEXT, nullable=False)
    value_on = Column(TEXT)
    amount_paisa = Column(WHOLE, nullable=False)
    """Signed: what came in is positive; an agency's is gross."""
    fee_paisa = Column(WHOLE, nullable=False)
    reference = Column(TEXT, nullable=False)
    narration = Column(TEXT, nullable=False)
    account_no = Column(TEXT)
    txn_id = Column(TEXT)
    returned = Column(WHOLE, nullable=False)
    match_id = Column(TEXT)
    """The match whose claim stands: written with the claim, so that open lines are found by an index."""
    barred = Column(WHOLE, nullable=False)
    """1 when a match of it was ended or turned down: rules suggest, and decide no longer."""


class Suggestion(Base):
    """A match that is likely and not certain; a person takes it or turns it down."""

    __tablename__ = "suggestions"
    __table_args__ = (
        Index("ix_suggestions_line", "ibc_id", "line_id"),
        Index("ix_suggestions_state", "ibc_id", "state", "made_at", "id"),
        CheckConstraint("state IN ('open', 'taken', 'rejected')", name="state_is_known"),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    id = Column(TEXT, primary_key=True)
    """Derived from the line and the items, so that what was turned down stays so."""
    line_id = Column(TEXT, nullable=False)
    rank = Column(WHOLE, nullable=False)
    kind = Column(TEXT, nullable=False)
    rule = Column(TEXT, nullable=False)
    evidence = Column(TEXT, nullable=False)
    items = Column(TEXT, nullable=False)
    fee_paisa = Column(WHOLE, nullable=False)
    difference_paisa = Column(WHOLE, nullable=False)
    state = Column(TEXT, nullable=False)
    made_at = Column(WHOLE, nullable=False)
    decided_by = Column(TEXT)
    decided_at = Column(WHOLE)


class MatchClaim(Base):
    """What a match holds; the database lets nobody hold a line or an item twice (M12)."""

    __tablename__ = "match_claims"
    __table_args__ = (
        Index(
            "uq_match_claims_item",
            "ibc_id",
            "side",
            "item_id",
            unique=True,
            sqlite_where=sql(STANDS),
            postgresql_where=sql(STANDS),
        ),
        CheckConstraint("side IN ('statement', 'book')", name="side_is_known"),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    match_id = Column(TEXT, primary_key=True)
    side = Column(TEXT, primary_key=True)
    item_id = Column(TEXT, primary_key=True)
    amount_paisa = Column(WHOLE, nullable=False)
    undone_by = Column(TEXT)
    """The match that undid it: a row of its own."""
