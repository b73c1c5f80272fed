"""A statement as a bank or an agency sent it: what it begins with, ends with and adds up to."""

from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Sync
from models.kinds import SAFE_INTEGER_MAX, TEXT, WHOLE, Count, Date, RecordId, Whole, Words

Sum = Annotated[int, mapped_column(WHOLE), Whole(-SAFE_INTEGER_MAX, SAFE_INTEGER_MAX, "paisa")]
"""A balance or a total: larger than any one amount may be."""
StatementNo = Annotated[str, mapped_column(TEXT), Words(40)]
Sha256 = Annotated[
    str, mapped_column(TEXT), Words(64, 64, pattern=r"[0-9a-f]{64}", sample="0" * 64)
]


class Statement(Synced):
    """One statement whose lines are all stored: it exists only when the whole file stood."""

    __tablename__ = "statements"
    __table_args__ = (Index("ix_statements_source", "ibc_id", "source_id", "to_on", "id"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    source_id: Mapped[RecordId]
    file_id: Mapped[RecordId]
    statement_no: Mapped[StatementNo | None]
    from_on: Mapped[Date]
    to_on: Mapped[Date]
    opening_paisa: Mapped[Sum | None]
    closing_paisa: Mapped[Sum | None]
    """Null for an agency, which says no balances."""
    total_paisa: Mapped[Sum]
    fee_paisa: Mapped[Sum]
    line_count: Mapped[Count]
    repeated_count: Mapped[Count]
    """Lines that an earlier file had brought already: they are not stored twice."""
    lines_sha256: Mapped[Sha256]
    """Over the lines in their order, so that the log covers them too."""
