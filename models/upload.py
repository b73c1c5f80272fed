"""Bytes on their way: uploads that are not finished, and what has become of those that were (protocol 13)."""

from enum import StrEnum

from sqlalchemy import Column, Index

from models.base import STRICT, Base
from models.kinds import TEXT, WHOLE


class UploadStateWord(StrEnum):
    """How far an upload has come."""

    OPEN = "open"
    WHOLE = "whole"
    """Every byte is on the disk and the hash is right; a worker has not looked at it yet."""
    DONE = "done"


class Upload(Base):
    """One upload of one phone; the bytes that are safe are in the part file of its id."""

    __tablename__ = "uploads"
    __table_args__ = (
        Index("ix_uploads_file", "ibc_id", "device_id", "sha256", unique=True),
        Index("ix_uploads_state", "state", "expires_at"),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    id = Column(TEXT, primary_key=True)
    device_id = Column(TEXT, nullable=False)
    officer_id = Column(TEXT, nullable=False)
    sha256 = Column(TEXT, nullable=False)
    """What the bytes must hash to; a phone has one upload of one file."""
    byte_count = Column(WHOLE, nullable=False)
    received = Column(WHOLE, nullable=False)
    """Bytes that are safe on the disk; the part file may hold more that nobody was told of."""
    state = Column(TEXT, nullable=False)
    attempts = Column(WHOLE, nullable=False)
    """How often a worker has begun with it: what kills its worker is refused in the end."""
    created_at = Column(WHOLE, nullable=False)
    expires_at = Column(WHOLE, nullable=False)


class KeptFile(Base):
    """What became of a file that an officer sent whole: kept in a clean copy, or refused."""

    __tablename__ = "kept_files"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    officer_id = Column(TEXT, primary_key=True)
    """Whoever names a hash must also have sent the bytes: a hash alone opens nothing."""
    sha256 = Column(TEXT, primary_key=True)
    """Of the bytes as the phone had them."""
    state = Column(TEXT, nullable=False)
    refused_because = Column(TEXT)
    content_type = Column(TEXT)
    width = Column(WHOLE)
    height = Column(WHOLE)
    stored_sha256 = Column(TEXT)
    """The clean copy's name in the store."""
    thumbnail_sha256 = Column(TEXT)
    settled_at = Column(WHOLE, nullable=False)
