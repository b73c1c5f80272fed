"""Backups and restores: what is known to be safe, and where a database began a new life."""

from sqlalchemy import Column

from models.base import STRICT, Base
from models.kinds import TEXT, WHOLE


class Backup(Base):
    """A copy of an IBC's log that was written, read back and found whole."""

    __tablename__ = "backups"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    taken_at = Column(WHOLE, primary_key=True, autoincrement=False)
    log_seq = Column(WHOLE, nullable=False)
    verified_at = Column(WHOLE, nullable=False)


class SafeHead(Base):
    """How much of a device's chain is in a verified backup, without a gap."""

    __tablename__ = "safe_heads"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    device_id = Column(TEXT, primary_key=True)
    safe_seq = Column(WHOLE, nullable=False)


class Restore(Base):
    """The beginning of an epoch: the log's chain goes on from here in a new segment."""

    __tablename__ = "restores"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    epoch = Column(TEXT, primary_key=True)
    epoch_before = Column(TEXT, nullable=False)
    log_seq = Column(WHOLE, nullable=False)
    """The last entry of the log that the backup held."""
    restored_at = Column(WHOLE, nullable=False)
    hash = Column(TEXT, nullable=False)
    """What the next link follows: covers the chain before it and the new epoch."""
