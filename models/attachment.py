"""A file that belongs to a record: the phone's word of it; the bytes travel apart (protocol 13)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from infra.limits import ATTACHMENT_BYTES_MAX
from models.base import STRICT, Synced, office, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, WHOLE, Evidence, Label, OneOf, RecordId, Time, Whole, Words


class OwnerEntityWord(StrEnum):
    """What a file may belong to: what an officer records at a door."""

    VISIT = "visit"
    COLLECTION = "collection"
    METER_ISSUE = "meter_issue"
    NOTICE_SERVICE = "notice_service"
    DISCONNECTION_ACT = "disconnection_act"
    RECONNECTION_ACT = "reconnection_act"
    STOP = "stop"


class ContentTypeWord(StrEnum):
    """Kinds of file that are kept. The first bytes of the file decide, not this word."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


class AttachmentStateWord(StrEnum):
    """How far the file has come; none of these words means that its bytes are still expected."""

    STORED = "stored"
    REFUSED = "refused"


OwnerEntity = Annotated[str, mapped_column(TEXT), OneOf(OwnerEntityWord)]
ContentType = Annotated[str, mapped_column(TEXT), OneOf(ContentTypeWord)]
AttachmentState = Annotated[str, mapped_column(TEXT), OneOf(AttachmentStateWord)]
Sha256 = Annotated[
    str, mapped_column(TEXT), Words(64, 64, pattern=r"[0-9a-f]{64}", sample="5e" * 32)
]
FileBytes = Annotated[int, mapped_column(WHOLE), Whole(1, ATTACHMENT_BYTES_MAX, "bytes")]
Ordinal = Annotated[int, mapped_column(WHOLE), Whole(1, 99, "place among the record's files")]


class Attachment(Synced):
    """A file of a record, named by the hash of the bytes that the phone has; never waits for them."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index(None, "ibc_id", "officer_id", "sha256"),
        Index(None, "ibc_id", "owner_id"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(policy=Policy.FACT, scope=Scope("officer", by="officer_id"))

    officer_id: Mapped[RecordId] = stamp()
    owner_entity: Mapped[OwnerEntity]
    owner_id: Mapped[RecordId]
    """The record; it may arrive before the file or after it."""
    position: Mapped[Ordinal]
    sha256: Mapped[Sha256]
    """Of the bytes as the phone has them: what its signature covers, and how the file is asked for."""
    bytes: Mapped[FileBytes]
    content_type: Mapped[ContentType]
    taken_at: Mapped[Time]
    evidence: Mapped[Evidence | None]
    state: Mapped[AttachmentState | None] = office()
    """Empty while the bytes are expected."""
    refused_because: Mapped[Label | None] = office()
    """A key of infra/messages.json."""
