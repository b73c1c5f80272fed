"""What passes between billing and us: files that came in, files that went out, answers and tie-outs."""

from sqlalchemy import Column, Index

from models.base import STRICT, Base
from models.kinds import TEXT, WHOLE


class ImportFile(Base):
    """One file of billing's, how far it was taken in, and what became of its rows."""

    __tablename__ = "import_files"
    __table_args__ = (Index("ix_import_files_begun", "ibc_id", "begun_at", "id"), STRICT)

    ibc_id = Column(TEXT, primary_key=True)
    id = Column(TEXT, primary_key=True)
    """Of kind and content: the same file sent again is the same file."""
    kind = Column(TEXT, nullable=False)
    name = Column(TEXT, nullable=False)
    sha256 = Column(TEXT, nullable=False)
    byte_count = Column(WHOLE, nullable=False)
    row_count = Column(WHOLE, nullable=False)
    lines_done = Column(WHOLE, nullable=False)
    """The last line whose row is stored, known or refused; the next try goes on behind it."""
    stored = Column(WHOLE, nullable=False)
    unchanged = Column(WHOLE, nullable=False)
    refused = Column(WHOLE, nullable=False)
    padded = Column(WHOLE, nullable=False)
    """Rows whose account had lost its leading zeros and was given them back."""
    state = Column(TEXT, nullable=False)
    """reading or done."""
    author_id = Column(TEXT, nullable=False)
    begun_at = Column(WHOLE, nullable=False)
    moved_at = Column(WHOLE, nullable=False)


class ImportRefusal(Base):
    """One row that could not be stored, with its line, its reasons and its text."""

    __tablename__ = "import_refusals"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    file_id = Column(TEXT, primary_key=True)
    line_no = Column(WHOLE, primary_key=True, autoincrement=False)
    errors = Column(TEXT, nullable=False)
    """JSON {column: message key}."""
    text = Column(TEXT, nullable=False)
    """The line as it came, so that it can be corrected and sent again."""


class Export(Base):
    """One numbered file of postings for billing; its bytes follow from the entries that it covers."""

    __tablename__ = "exports"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    file_no = Column(WHOLE, primary_key=True, autoincrement=False)
    first_entry = Column(WHOLE, nullable=False)
    last_entry = Column(WHOLE, nullable=False)
    row_count = Column(WHOLE, nullable=False)
    debit_paisa = Column(WHOLE, nullable=False)
    credit_paisa = Column(WHOLE, nullable=False)
    previous_sha256 = Column(TEXT, nullable=False)
    sha256 = Column(TEXT, nullable=False)
    made_at = Column(WHOLE, nullable=False)
    made_by = Column(TEXT, nullable=False)


class ExportResend(Base):
    """A posting that billing rejected and that goes out once more, in the file of this number."""

    __tablename__ = "export_resends"
    __table_args__ = (Index("ix_export_resends_file", "ibc_id", "file_no"), STRICT)

    ibc_id = Column(TEXT, primary_key=True)
    entry_seq = Column(WHOLE, primary_key=True, autoincrement=False)
    line_no = Column(WHOLE, primary_key=True, autoincrement=False)
    asked_at = Column(WHOLE, primary_key=True, autoincrement=False)
    asked_by = Column(TEXT, nullable=False)
    file_no = Column(WHOLE)
    """Null until the next file is made."""


class AnswerFile(Base):
    """One answer file of billing's; the same bytes again change nothing."""

    __tablename__ = "answer_files"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    sha256 = Column(TEXT, primary_key=True)
    accepted = Column(WHOLE, nullable=False)
    rejected = Column(WHOLE, nullable=False)
    errors = Column(TEXT, nullable=False)
    """JSON {line: message key} of lines that answer nothing that we sent."""
    taken_at = Column(WHOLE, nullable=False)
    taken_by = Column(TEXT, nullable=False)


class BillingAnswer(Base):
    """What billing said about one posting in one answer file; the latest counts."""

    __tablename__ = "billing_answers"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    entry_seq = Column(WHOLE, primary_key=True, autoincrement=False)
    line_no = Column(WHOLE, primary_key=True, autoincrement=False)
    sha256 = Column(TEXT, primary_key=True)
    answer = Column(TEXT, nullable=False)
    """accepted or rejected."""
    reason = Column(TEXT)
    taken_at = Column(WHOLE, nullable=False)


class TieOut(Base):
    """One comparison of billing's dues with our control account, as of one export (R7)."""

    __tablename__ = "tie_outs"
    __table_args__ = (Index("ix_tie_outs_made", "ibc_id", "made_at", "id"), STRICT)

    ibc_id = Column(TEXT, primary_key=True)
    id = Column(TEXT, primary_key=True)
    sha256 = Column(TEXT, nullable=False)
    as_of = Column(TEXT, nullable=False)
    """The date of billing's figures: our bills up to that day are held against them."""
    export_number = Column(WHOLE, nullable=False)
    """The last file of ours that billing had taken in."""
    account_count = Column(WHOLE, nullable=False)
    billing_paisa = Column(WHOLE, nullable=False)
    ours_paisa = Column(WHOLE, nullable=False)
    unsent_paisa = Column(WHOLE, nullable=False)
    """What our books hold beyond those files: known, and no difference."""
    difference_count = Column(WHOLE, nullable=False)
    made_at = Column(WHOLE, nullable=False)
    made_by = Column(TEXT, nullable=False)


class TieOutLine(Base):
    """One consumer about whom billing and we differ, and why as far as it is known."""

    __tablename__ = "tie_out_lines"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    tie_out_id = Column(TEXT, primary_key=True)
    account_no = Column(TEXT, primary_key=True)
    billing_paisa = Column(WHOLE, nullable=False)
    ours_paisa = Column(WHOLE, nullable=False)
    cause = Column(TEXT, nullable=False)
