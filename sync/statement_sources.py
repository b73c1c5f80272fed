"""Where statements come from: the saved mappings, and what a reader of files makes of one."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch
from infra.ids import derived_id
from ledger.statements.parts import Layout
from models.statement_source import DelimiterWord, FileFormatWord, SourceKindWord
from sync.keyed import repeated
from sync.office import Put, write
from sync.writing import lock_head

DELIMITERS = {
    DelimiterWord.COMMA: ",",
    DelimiterWord.SEMICOLON: ";",
    DelimiterWord.TAB: "\t",
    DelimiterWord.PIPE: "|",
}

Source = Any  # rows of text SQL have no static type


class UnknownSource(LookupError):
    """No statement source of this IBC has that code, or it is not used any more."""


def source_coded(connection: Connection, ibc_id: str, code: str) -> Source:
    """The source with this code. Errors: UnknownSource."""
    return _one(connection, ibc_id, "code", code)


def source_of(connection: Connection, ibc_id: str, source_id: str) -> Source:
    """The source with this id. Errors: UnknownSource."""
    return _one(connection, ibc_id, "id", source_id)


def layout_of(source: Source, said: Mapping[str, Any]) -> Layout:
    """What a reader must know of the source; `said` is what the sender says beside the file."""
    return Layout(
        format=FileFormatWord(source.format).value,
        is_agency=source.kind == SourceKindWord.AGENCY,
        account=source.account,
        columns=orjson.loads(source.columns or "{}"),
        delimiter=DELIMITERS[DelimiterWord(source.delimiter)],
        date_form=source.date_form,
        pads_account_no=bool(source.pads_account_no),
        newest_first=bool(source.newest_first),
        number=said.get("statement_no") or "",
        opening_paisa=said.get("opening_paisa"),
        closing_paisa=said.get("closing_paisa"),
    )


def _one(connection: Connection, ibc_id: str, column: str, value: str) -> Source:
    found = fetch(
        connection,
        f"SELECT * FROM statement_sources WHERE ibc_id = :ibc_id AND {column} = :value "
        "AND deleted_at IS NULL",
        ibc_id=ibc_id,
        value=value,
    )
    if not found:
        raise UnknownSource(f"{ibc_id} has no statement source {value!r}")
    return found[0]


def save(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Mapping[str, Any]:
    """Save a source by its code; returns it as it stands. Errors: Refused, KeyReused."""
    lock_head(connection, ibc_id)
    found = fetch(
        connection,
        "SELECT id FROM statement_sources WHERE ibc_id = :ibc_id AND code = :code",
        ibc_id=ibc_id,
        code=asked["code"],
    )
    source_id = found[0].id if found else derived_id("statement_source", ibc_id, asked["code"])
    put = Put("statement_source", source_id, dict(asked))
    if not repeated(connection, ibc_id, key, author_id=author_id, put=put):
        write(connection, ibc_id, author_id=author_id, puts=[put], now=now, mutation_id=key)
    saved: Mapping[str, Any] = source_of(connection, ibc_id, source_id)._asdict()
    return saved
