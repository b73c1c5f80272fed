"""The log, the feed and what keeps them: tables of the sync engine that are not entities themselves."""

from sqlalchemy import Column, Index
from sqlalchemy import text as sql

from models.base import STRICT, Base
from models.kinds import TEXT, WHOLE

HOT = {"postgresql_with": {"fillfactor": 50}}
"""Counter rows leave room on their page, so that PostgreSQL can update them in place (HOT)."""


OWNS_ITS_ID = "code IS NULL OR code <> 'ID_REUSED'"
REUSES_AN_ID = "code = 'ID_REUSED'"
"""The lowest sequence owns an id; each other body under that id is held once (ruling 10)."""


class LogHead(Base):
    """Where an IBC's log stands. Its row's lock is the IBC's order: every writer takes it first."""

    __tablename__ = "log_heads"
    __table_args__ = (STRICT | HOT,)

    ibc_id = Column(TEXT, primary_key=True)
    epoch = Column(TEXT, nullable=False)
    """One life of the database; a restore begins a new one."""
    seq = Column(WHOLE, nullable=False)
    chain_hash = Column(TEXT, nullable=False)


class Mutation(Base):
    """One edit from a device, the office or a worker, stored as it came, with its outcome."""

    __tablename__ = "mutations"
    __table_args__ = (
        Index(
            "uq_mutations_id",
            "ibc_id",
            "id",
            unique=True,
            sqlite_where=sql(OWNS_ITS_ID),
            postgresql_where=sql(OWNS_ITS_ID),
        ),
        Index(
            "uq_mutations_reused_id",
            "ibc_id",
            "id",
            "body_hash",
            unique=True,
            sqlite_where=sql(REUSES_AN_ID),
            postgresql_where=sql(REUSES_AN_ID),
        ),
        Index(
            "ix_mutations_base",
            "ibc_id",
            "record_id",
            "version",
            sqlite_where=sql("changes IS NOT NULL"),
            postgresql_where=sql("changes IS NOT NULL"),
        ),
        Index(
            "ix_mutations_author",
            "ibc_id",
            "author_id",
            "author_seq",
            sqlite_where=sql("author_seq IS NOT NULL"),
            postgresql_where=sql("author_seq IS NOT NULL"),
        ),
        Index(
            "ix_mutations_of",
            "ibc_id",
            "of_id",
            sqlite_where=sql("of_id IS NOT NULL"),
            postgresql_where=sql("of_id IS NOT NULL"),
        ),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    seq = Column(WHOLE, primary_key=True, autoincrement=False)
    """The IBC's one order: head + 1, gap-free, in commit order."""
    id = Column(TEXT, nullable=False)
    of_id = Column(TEXT)
    """The mutation whose later fate this entry is: release, identification, resolution."""
    origin = Column(TEXT, nullable=False)
    """device, office or books."""
    author_id = Column(TEXT, nullable=False)
    """The enrolment, the member of staff or the worker."""
    officer_id = Column(TEXT)
    """The officer behind the enrolment, when a device wrote it."""
    author_seq = Column(WHOLE)
    entity = Column(TEXT, nullable=False)
    op = Column(TEXT, nullable=False)
    record_id = Column(TEXT, nullable=False)
    base_version = Column(WHOLE)
    version = Column(WHOLE)
    """The record's version after this mutation; null when the record did not change."""
    occurred_at = Column(WHOLE, nullable=False)
    received_at = Column(WHOLE, nullable=False)
    outcome = Column(TEXT, nullable=False)
    code = Column(TEXT)
    """Why it is held, waiting, in conflict or rejected."""
    detail = Column(TEXT)
    """JSON: field errors of a rejection, ids of what was opened for it, who carried it."""
    body = Column(TEXT, nullable=False)
    """The canonical bytes (RFC 8785) as the author signed them."""
    body_hash = Column(TEXT, nullable=False)
    """SHA-256 of body."""
    changes = Column(TEXT)
    """MERGE records only: JSON {field: [before, after]}, the base of the three-way merge."""


class ChainLink(Base):
    """One link of the log's hash chain: a whole push at once (ruling 18)."""

    __tablename__ = "chain_links"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    first_seq = Column(WHOLE, primary_key=True, autoincrement=False)
    last_seq = Column(WHOLE, nullable=False)
    hash = Column(TEXT, nullable=False)


class DeviceChain(Base):
    """How far a device's own gap-free chain of mutations has arrived, and how the phone is doing."""

    __tablename__ = "device_chains"
    __table_args__ = (STRICT | HOT,)

    ibc_id = Column(TEXT, primary_key=True)
    device_id = Column(TEXT, primary_key=True)
    last_seq = Column(WHOLE, nullable=False)
    last_hash = Column(TEXT, nullable=False)
    missing = Column(TEXT, nullable=False)
    """JSON list of [from, to, hash before, prev after] that were skipped and have not come yet."""
    gap_since = Column(WHOLE)
    """When the first of what is missing now was seen to be missing."""
    signs = Column(WHOLE, nullable=False, server_default="0")
    """1 when the device has ever signed its chain: from then on it must always sign."""
    last_seen_at = Column(WHOLE)
    pending = Column(WHOLE)
    pending_since = Column(WHOLE)
    """Since when its outbox has not been empty, as far as it said."""
    app_version = Column(TEXT)
    cursor = Column(TEXT)
    """With which it last exchanged: how far it has read, and which scopes it is still leaving."""
    clock_offset_ms = Column(WHOLE)
    refused = Column(WHOLE, nullable=False, server_default="0")
    held = Column(WHOLE, nullable=False, server_default="0")
    """How many of its mutations were rejected, and how many were held."""
    orders = Column(TEXT, nullable=False, server_default="[]")
    """JSON list of what it is still to do: wipe, update_app, send_log."""
    ended_at = Column(WHOLE)
    """When it was revoked or reported lost."""
    wiped_at = Column(WHOLE)


class Waiting(Base):
    """A mutation that waits for a record which has not arrived."""

    __tablename__ = "waiting"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    entity = Column(TEXT, primary_key=True)
    record_id = Column(TEXT, primary_key=True)
    """What it waits for."""
    seq = Column(WHOLE, primary_key=True, autoincrement=False)
    """The waiting mutation's place in the log."""
    since = Column(WHOLE, nullable=False)


class Claim(Base):
    """A value that only one record may hold, such as a receipt number: the first claim stands."""

    __tablename__ = "claims"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    kind = Column(TEXT, primary_key=True)
    value = Column(TEXT, primary_key=True)
    record_id = Column(TEXT, nullable=False)


class Feed(Base):
    """A record's current wire document in one scope, at the position of its last change."""

    __tablename__ = "feed"
    __table_args__ = (
        Index("ix_feed_position", "ibc_id", "scope", "seq", "n", unique=True),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    record_id = Column(TEXT, primary_key=True)
    entity = Column(TEXT, primary_key=True)
    scope = Column(TEXT, primary_key=True)
    seq = Column(WHOLE, nullable=False)
    n = Column(WHOLE, nullable=False)
    author_id = Column(TEXT)
    """Who wrote this version, so that a phone is not sent what it wrote itself."""
    body = Column(TEXT)
    """The row as the wire has it, a JSON array; null when the record left the scope."""
    gone = Column(TEXT)
    """Why there is no body: deleted, moved or out_of_scope."""


class ScopeHead(Base):
    """The last position of a scope: what an empty poll compares."""

    __tablename__ = "scope_heads"
    __table_args__ = (STRICT | HOT,)

    ibc_id = Column(TEXT, primary_key=True)
    scope = Column(TEXT, primary_key=True)
    seq = Column(WHOLE, nullable=False)
    n = Column(WHOLE, nullable=False)


class Grant(Base):
    """A scope that a device or an officer may read."""

    __tablename__ = "grants"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    holder = Column(TEXT, primary_key=True)
    """`device:<id>` or `officer:<id>`."""
    scope = Column(TEXT, primary_key=True)
    seq = Column(WHOLE, nullable=False)
    """The log position at which it was given or taken."""
    state = Column(TEXT, nullable=False)
    """held or taken; a taken scope is kept, so that phones learn of it."""


class Member(Base):
    """A consumer's account that a scope sees, because an open round names it (ruling 15)."""

    __tablename__ = "members"
    __table_args__ = (Index("ix_members_account", "ibc_id", "account_no", "scope"), STRICT)

    ibc_id = Column(TEXT, primary_key=True)
    scope = Column(TEXT, primary_key=True)
    account_no = Column(TEXT, primary_key=True)
    because = Column(TEXT, primary_key=True)
    """The stop that names the account."""


class ExceptionCase(Base):
    """Something a person must look at: what, why, how much, whose work it is and until when."""

    __tablename__ = "exceptions"
    __table_args__ = (
        Index("ix_exceptions_state", "ibc_id", "state", "opened_at", "id"),
        Index("ix_exceptions_subject", "ibc_id", "subject_id"),
        STRICT,
    )

    ibc_id = Column(TEXT, primary_key=True)
    id = Column(TEXT, primary_key=True)
    kind = Column(TEXT, nullable=False)
    subject_entity = Column(TEXT, nullable=False)
    subject_id = Column(TEXT, nullable=False)
    mutation_id = Column(TEXT)
    account_no = Column(TEXT)
    amount_paisa = Column(WHOLE)
    detail = Column(TEXT)
    opened_at = Column(WHOLE, nullable=False)
    opened_by_seq = Column(WHOLE, nullable=False)
    due_at = Column(WHOLE, nullable=False)
    owner_role = Column(TEXT, nullable=False)
    state = Column(TEXT, nullable=False)
    """open, assigned, proposed, resolved or reopened (sync/case_states.py)."""
    version = Column(WHOLE, nullable=False, server_default="1")
    """Counts what people did with it, from 1."""
    assignee_id = Column(TEXT)
    resolution = Column(TEXT)
    resolved_by_seq = Column(WHOLE)


class CaseAction(Base):
    """What one person did with an exception; never changed, so that all of its history stays."""

    __tablename__ = "case_actions"
    __table_args__ = (STRICT,)

    ibc_id = Column(TEXT, primary_key=True)
    case_id = Column(TEXT, primary_key=True)
    version = Column(WHOLE, primary_key=True, autoincrement=False)
    """The exception's version after it."""
    action = Column(TEXT, nullable=False)
    state = Column(TEXT, nullable=False)
    """Where the exception stood after it."""
    by_id = Column(TEXT, nullable=False)
    by_role = Column(TEXT, nullable=False)
    at = Column(WHOLE, nullable=False)
    assignee_id = Column(TEXT)
    chosen = Column(TEXT)
    """JSON {field: {choice, value}} of a proposal or a resolution."""
    note = Column(TEXT)
    log_seq = Column(WHOLE)
    """The log entry of a resolution."""
