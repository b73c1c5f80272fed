"""What a manager wants of a figure: one record for each figure, month and area, with its versions."""

from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.ids import derived_id
from models.target import TargetKindWord
from sync.office import Put, write


def set_target(
    connection: Connection,
    ibc_id: str,
    *,
    kind: TargetKindWord,
    month: str,
    area_id: str | None,
    wanted: int,
    author_id: str,
    now: Milliseconds,
) -> dict[str, Any]:
    """Set it; what was wanted before stays in the log. Errors: Refused, UnknownIbc."""
    fields = {"kind": kind.value, "month": month, "area_id": area_id, "wanted": wanted}
    target_id = derived_id("target", ibc_id, kind.value, month, area_id or "")
    put = Put("target", target_id, fields)
    [version] = write(connection, ibc_id, author_id=author_id, puts=[put], now=now)
    return {"id": target_id, "version": version, **fields}
