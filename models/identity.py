"""Who may sign in and how: directories above the IBCs (ruling 7)."""

from sqlalchemy import Column, Index

from models.base import STRICT, Base
from models.kinds import TEXT, WHOLE


class Credential(Base):
    """A person's staff number and the proofs that open it; the person's cards name their IBCs."""

    __tablename__ = "credentials"
    __table_args__ = (Index("uq_credentials_staff_no", "staff_no", unique=True), STRICT)

    staff_id = Column(TEXT, primary_key=True)
    staff_no = Column(TEXT, nullable=False)
    password_hash = Column(TEXT)
    """Argon2id, for people who sign in at the office."""
    pin_hash = Column(TEXT)
    """Argon2id, for officers who enrol a phone."""
    failures = Column(WHOLE, nullable=False)
    locked_until = Column(WHOLE)


class EnrolmentCode(Base):
    """A one-time code that turns a phone into an officer's device."""

    __tablename__ = "enrolment_codes"
    __table_args__ = (STRICT,)

    code_hash = Column(TEXT, primary_key=True)
    ibc_id = Column(TEXT, nullable=False)
    staff_id = Column(TEXT, nullable=False)
    created_by = Column(TEXT, nullable=False)
    expires_at = Column(WHOLE, nullable=False)
    tries = Column(WHOLE, nullable=False)
    used_by_device_id = Column(TEXT)


class RefreshToken(Base):
    """One link of a device's refresh chain: rotated at each use, the last rotation repeatable."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("ix_refresh_tokens_family", "family_id"), STRICT)

    token_hash = Column(TEXT, primary_key=True)
    family_id = Column(TEXT, nullable=False)
    ibc_id = Column(TEXT)
    staff_id = Column(TEXT, nullable=False)
    device_id = Column(TEXT)
    """Null for a person who signed in at the office."""
    issued_at = Column(WHOLE, nullable=False)
    expires_at = Column(WHOLE, nullable=False)
    successor_hash = Column(TEXT)
    successor_seed = Column(TEXT)
    """From which the same successor is made again when its answer was lost."""
    revoked_at = Column(WHOLE)


class ReceiptBlock(Base):
    """Receipt numbers given to one device (or counter, or paper book); never recycled."""

    __tablename__ = "receipt_blocks"
    __table_args__ = (Index("ix_receipt_blocks_device", "ibc_id", "device_id"), STRICT)

    prefix = Column(TEXT, primary_key=True)
    ibc_id = Column(TEXT, nullable=False)
    device_id = Column(TEXT, nullable=False)
    kind = Column(TEXT, nullable=False)
    """phone, counter or paper; skipped when a restore left it out."""
    first_serial = Column(WHOLE, nullable=False)
    last_serial = Column(WHOLE, nullable=False)
    issued_at = Column(WHOLE, nullable=False)
    state = Column(TEXT, nullable=False)
    request_key = Column(TEXT)
    """Which request of the office made it, so that the same request again makes no other."""


class DeviceSecret(Base):
    """What the server keeps to check a device's receipts; never on the wire after enrolment."""

    __tablename__ = "device_secrets"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    device_id = Column(TEXT, primary_key=True)
    receipt_secret = Column(TEXT, nullable=False)
