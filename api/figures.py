"""The supervisor's figures, targets beside them, and the rows behind each."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import abort
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.lists import Listing, Page, Place, serves
from auth.access import requires
from auth.roles import Permission
from ledger.log_reader import timezone_of
from models.target import TargetKindWord
from schemas.figures import FigureRowSchema, FigureSchema, FiguresQuery
from schemas.targets import TargetMadeSchema, TargetWrite
from sync import figures
from sync.targets import set_target

blueprint = Blueprint(
    "figures", __name__, url_prefix="/api/v1/ibcs/<code>", description="Figures and targets"
)

FIGURES = Listing(name="figures", row=FigureSchema, order=("name",), start=("",))
ROWS = Listing(name="rows", row=FigureRowSchema, order=("entity", "id"), start=("", ""))


@serves(blueprint, "/figures", FIGURES, FiguresQuery, Permission.READ_FIGURES)
def list_figures(asked: Mapping[str, Any], code: str) -> Page:
    """Every figure of some days, by name; this month up to today when nothing is said"""
    now = context().now()

    def page(connection: Connection, after: Place, limit: int) -> Any:
        period = _period(connection, code, asked, now)
        month = period.last.isoformat()[:7]
        targets = figures.targets_of(connection, code, month, asked.get("area_id"))
        names = [name for name in sorted(figures.FIGURES) if name > after[0]][:limit]
        return [
            {
                **figures.value_of(connection, code, name, period, **_of_whom(asked)),
                "target": targets.get(name),
            }
            for name in names
        ]

    return page


@serves(blueprint, "/figures/<name>/rows", ROWS, FiguresQuery, Permission.READ_FIGURES)
def list_figure_rows(asked: Mapping[str, Any], code: str, name: str) -> Page:
    """The rows that a figure is made of, and of nothing else"""
    if name not in figures.FIGURES:
        abort(404)
    now = context().now()

    def page(connection: Connection, after: Place, limit: int) -> Any:
        period = _period(connection, code, asked, now)
        place = (after[0], after[1])
        return figures.rows_of(
            connection, code, name, period, **_of_whom(asked), after=place, limit=limit
        )

    return page


@blueprint.route("/targets", methods=["POST"])
@requires(Permission.SET_TARGET)
@blueprint.arguments(TargetWrite)
@blueprint.response(200, TargetMadeSchema)
def put_target(asked: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    """Say what a figure should reach in a month; said again, it is another version of the same"""
    author_id, now = context().principal.staff_id, context().now()
    kind = TargetKindWord(asked["kind"])
    return context().database.transact(
        lambda c: set_target(
            c,
            code,
            kind=kind,
            month=asked["month"],
            area_id=asked.get("area_id"),
            wanted=asked["wanted"],
            author_id=author_id,
            now=now,
        )
    )


def _period(
    connection: Connection, code: str, asked: Mapping[str, Any], now: int
) -> figures.Period:
    first, last = (
        date.fromisoformat(asked[name]) if name in asked else None
        for name in ("date_from", "date_to")
    )
    return figures.period_of(first, last, timezone=timezone_of(connection, code), now=now)


def _of_whom(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: asked.get(name) for name in ("area_id", "officer_id")}
