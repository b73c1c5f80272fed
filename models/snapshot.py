"""First downloads: which files hold a scope's feed, and up to which position."""

from sqlalchemy import Column, Index

from models.base import STRICT, Base
from models.kinds import TEXT, WHOLE


class Snapshot(Base):
    """A scope's feed as it stood at one position, cut into parts."""

    __tablename__ = "snapshots"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    scope = Column(TEXT, primary_key=True)
    seq = Column(WHOLE, primary_key=True, autoincrement=False)
    n = Column(WHOLE, primary_key=True, autoincrement=False)
    record_count = Column(WHOLE, nullable=False)
    made_at = Column(WHOLE, nullable=False)
    replaced_at = Column(WHOLE)
    """When a later one took its place; whoever has its manifest may fetch its parts for a day."""


class SnapshotPart(Base):
    """One file of a snapshot, named by the hash of its bytes."""

    __tablename__ = "snapshot_parts"
    __table_args__ = (Index("ix_snapshot_parts_file", "ibc_id", "sha256"), STRICT)

    ibc_id = Column(TEXT, primary_key=True)
    scope = Column(TEXT, primary_key=True)
    seq = Column(WHOLE, primary_key=True, autoincrement=False)
    n = Column(WHOLE, primary_key=True, autoincrement=False)
    part_no = Column(WHOLE, primary_key=True, autoincrement=False)
    sha256 = Column(TEXT, nullable=False)
    byte_count = Column(WHOLE, nullable=False)
    record_count = Column(WHOLE, nullable=False)
