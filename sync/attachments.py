"""A record's files: a reference may come before its bytes or after them, and waits for neither (protocol 13)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from infra.catalogue import message
from infra.database import any_of, fetch, listed
from models.attachment import AttachmentStateWord
from models.verdict import VerdictWord
from sync.mutation import SERVER
from sync.waiting import give_verdict
from sync.writing import Change, Writing

STORED, REFUSED = AttachmentStateWord.STORED.value, AttachmentStateWord.REFUSED.value


class Settled(NamedTuple):
    """What a worker made of a file that an officer sent whole: a clean copy, or a reason."""

    officer_id: str
    sha256: str
    refused_because: str | None = None
    """A key of infra/messages.json."""
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    stored_sha256: str | None = None
    thumbnail_sha256: str | None = None

    @property
    def state(self) -> str:
        return REFUSED if self.refused_because else STORED


def recognise_files(writing: Writing, changes: Sequence[Change]) -> None:
    """A reference whose file came before it is stored, or refused, at once (an effect)."""
    new = [change for change in changes if change.before is None]
    known = _known_files(writing, new)
    for change in new:
        reference = change.after
        file = known.get((reference.fields["officer_id"], reference.fields["sha256"]))
        if file is None:
            continue
        said = {"state": file.state, "refused_because": file.refused_because}
        writing.put(
            change.seq,
            reference._replace(version=reference.version + 1, fields={**reference.fields, **said}),
        )
        if file.refused_because:
            tell(writing, change.seq, writing.logged(change.seq), file.refused_because)


def _known_files(writing: Writing, new: Sequence[Change]) -> dict[tuple[object, object], Any]:
    """(officer, hash) → what became of the file, for the references that are new."""
    if not new:
        return {}
    rows = fetch(
        writing.connection,
        "SELECT officer_id, sha256, state, refused_because FROM kept_files WHERE ibc_id = :ibc_id "
        f"AND {any_of(writing.connection, 'officer_id', 'officers')} "
        f"AND {any_of(writing.connection, 'sha256', 'hashes')}",
        ibc_id=writing.ibc_id,
        officers=listed(writing.connection, _values(new, "officer_id")),
        hashes=listed(writing.connection, _values(new, "sha256")),
    )
    return {(row.officer_id, row.sha256): row for row in rows}


def _values(changes: Sequence[Change], name: str) -> list[str]:
    return sorted({str(change.after.fields[name]) for change in changes})


def tell(writing: Writing, seq: int, mutation: Mapping[str, Any], because: str) -> None:
    """Tell the phone whose mutation named a file that cannot be kept."""
    told = message(because)
    reason = f"{told['en']}\n{told['ur']}"
    give_verdict(writing, seq, mutation, VerdictWord.REJECTED, by_role=SERVER, reason=reason)
