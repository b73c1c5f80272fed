"""What earlier versions of the protocol said otherwise: up for what their phones send, down for what they read. Pure.

A version stays in the table for ever: a phone may lie in a drawer for a year with money in it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

Fields = Mapping[str, Any]
"""Fields by name; of a phone's mutation they may hold anything that JSON can."""
Turn = Callable[[Fields], Fields]

PROTOCOL = 4
"""The newest version: feed, tables and everything behind them know no other (ruling 20)."""
READ_LEAST = 2
"""The oldest version whose phones still read; older ones hand in what they hold, and update."""
UNMARKED = 4
"""The version of a body in the log whose entry names none; it never changes, PROTOCOL does."""
PAISA = 100
E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


@dataclass(frozen=True)
class Change:
    """One thing that a version says differently from the one before."""

    up: Turn
    """Fields of the version before, any of them or none, as this version says them."""
    down: Turn
    """A whole document of this version, as the version before says it; always with the same names."""


@dataclass(frozen=True)
class Version:
    """What a version brought."""

    changed: str
    by_entity: Mapping[str, Sequence[Change]]
    new: frozenset[str] = field(default=frozenset())
    """Entities that phones of the version before do not know, and are not sent."""


def renamed(before: str, now: str) -> Change:
    return Change(lambda fields: _rename(fields, before, now), lambda f: _rename(f, now, before))


def added(name: str) -> Change:
    """A field that only the office or the books write: phones of the version before never see it."""
    return Change(
        lambda fields: fields, lambda fields: {n: v for n, v in fields.items() if n != name}
    )


def in_paisa(rupees: str, paisa: str) -> Change:
    """Whole rupees became paisa; what is no whole number stays, to be refused under its new name."""

    def up(fields: Fields) -> Fields:
        amount = fields.get(rupees)
        value = amount * PAISA if type(amount) is int else amount
        return _rename(fields, rupees, paisa, value)

    def down(fields: Fields) -> Fields:
        amount = fields[paisa]
        return _rename(fields, paisa, rupees, None if amount is None else amount // PAISA)

    return Change(up, down)


def told_apart(name: str, before: str, now: Sequence[str]) -> Change:
    """One word of a closed set became several; said by an old phone it means the first of them."""

    def up(fields: Fields) -> Fields:
        return {**fields, name: now[0]} if fields.get(name) == before else fields

    def down(fields: Fields) -> Fields:
        return {**fields, name: before} if fields[name] in now else fields

    return Change(up, down)


def _payer_up(fields: Fields) -> Fields:
    """`Asad Ali, +923001234567`: the part behind the last comma where it is a number."""
    if "payer" not in fields:
        return fields
    payer, others = fields["payer"], {n: v for n, v in fields.items() if n != "payer"}
    name, _, phone = payer.rpartition(",") if type(payer) is str else ("", "", "")
    if E164.fullmatch(phone.strip()) is None:
        return {**others, "payer_name": payer}
    return {**others, "payer_name": name.strip() or None, "payer_phone": phone.strip()}


def _payer_down(fields: Fields) -> Fields:
    said = [part for part in (fields["payer_name"], fields["payer_phone"]) if part is not None]
    renamed_fields = _rename(fields, "payer_name", "payer", ", ".join(said) or None)
    return {name: value for name, value in renamed_fields.items() if name != "payer_phone"}


def _danger_up(fields: Fields) -> Fields:
    """Whoever chose a severity said by it whether there was danger."""
    if "severity" not in fields or "safety" in fields:
        return fields
    danger = fields["severity"] == "dangerous"
    return {**fields, "safety": danger, "severity": "high" if danger else fields["severity"]}


def _danger_down(fields: Fields) -> Fields:
    severity = "dangerous" if fields["safety"] else fields["severity"]
    return {n: v for n, v in fields.items() if n != "safety"} | {"severity": severity}


DOORS = told_apart("outcome", "closed", ("locked", "vacant"))
VERSIONS: Mapping[int, Version] = {
    2: Version(
        "money is in paisa instead of whole rupees",
        {
            "collection": [in_paisa("amount_rupees", "amount_paisa")],
            "visit": [in_paisa("promise_rupees", "promise_paisa")],
        },
    ),
    3: Version(
        "a closed door is `locked` or `vacant`; a cheque's number and date are those of any "
        "instrument; a void names its `collection_id`; consumers have a `position`",
        {
            "collection": [
                renamed("cheque_no", "instrument_no"),
                renamed("cheque_date", "instrument_date"),
            ],
            "receipt_void": [renamed("receipt_id", "collection_id")],
            "visit": [DOORS],
            "stop": [DOORS],
        },
        new=frozenset({"position"}),
    ),
    4: Version(
        "`payer` is parted into name and phone; danger is `safety` beside `severity`; there are "
        "photographs, plans, holds, rules, targets, and custody with its counts and handovers",
        {
            "collection": [added("rebuilt_by"), Change(_payer_up, _payer_down)],
            "meter_issue": [Change(_danger_up, _danger_down)],
        },
        new=frozenset(
            {"attachment", "plan", "hold", "rule", "target"}
            | {"cash_session", "cash_count", "handover"}
            | {"cut_rule", "holiday", "disconnection_order"}
            | {"request", "question", "answer", "alert", "alert_seen"}
        ),
    ),
}
"""Version → what it changed; between N and N + 1 stands exactly one entry."""


def upgraded(row: Any, version: int) -> Any:
    """A mutation of an earlier version as the newest says it; what is none stays as it is."""
    if type(row) is not dict or type(row.get("fields")) is not dict:
        return row
    return {**row, "fields": upgraded_fields(row.get("entity"), row["fields"], version)}


def upgraded_fields(entity: Any, fields: Fields, version: int) -> Fields:
    """Fields of an earlier version in the words of the newest. What no table knows is not touched."""
    if type(entity) is not str:
        return fields
    for number in range(version + 1, PROTOCOL + 1):
        for change in VERSIONS[number].by_entity.get(entity, ()):
            fields = change.up(fields)
    return fields


def downgraded(
    entity: str, header: Sequence[str], rows: Sequence[Sequence[Any]], version: int
) -> tuple[list[str], list[list[Any]]]:
    """Rows of the newest version, and the names above them, in the words of an earlier one."""
    changes = [
        change
        for number in range(PROTOCOL, version, -1)
        for change in reversed(VERSIONS[number].by_entity.get(entity, ()))
    ]
    if not changes:
        return list(header), [list(row) for row in rows]
    names = list(_down(dict.fromkeys(header), changes))
    turned = (_down(dict(zip(header, row, strict=True)), changes) for row in rows)
    return names, [[fields[name] for name in names] for fields in turned]


def unknown_to(version: int) -> frozenset[str]:
    """Entities that phones of this version have never heard of."""
    return frozenset().union(*(VERSIONS[number].new for number in range(version + 1, PROTOCOL + 1)))


def said_in(detail: str | None) -> int:
    """The version of a body in the log, by what its entry says beside it."""
    if detail is None or '"protocol"' not in detail:
        return UNMARKED
    marked = orjson.loads(detail).get("protocol", UNMARKED)
    return int(marked)


def _down(fields: Fields, changes: Sequence[Change]) -> Fields:
    for change in changes:
        fields = change.down(fields)
    return fields


KEPT = object()
"""A rename that leaves the value as it is."""


def _rename(fields: Fields, before: str, now: str, value: Any = KEPT) -> Fields:
    """The same in the same order under another name; a name that both have is left to be refused."""
    if before not in fields or now in fields:
        return fields
    return {
        (now if name == before else name): (value if name == before and value is not KEPT else said)
        for name, said in fields.items()
    }
