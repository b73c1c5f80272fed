"""The desk's state machine and the choices at it, as whole tables."""

import pytest

from sync.case_states import MOVES, CaseAction, CaseState
from sync.settlement import reason_of, settle

TABLE = """
          claimed   assigned  proposed  rejected  resolved  reopened
open      assigned  assigned  proposed  -         resolved  -
assigned  -         assigned  proposed  -         resolved  -
proposed  -         -         -         assigned  resolved  -
resolved  -         -         -         -         -         reopened
reopened  assigned  assigned  proposed  -         resolved  -
"""
BETWEEN = {
    "fault_code": {"base": "stuck", "server": "slow", "device": "fast"},
    "reading_kwh": {"base": 1, "server": 2, "device": 3},
}


def cells():
    header, *lines = [line.split() for line in TABLE.strip().splitlines()]
    for state, *row in lines:
        for action, cell in zip(header, row, strict=True):
            yield CaseState(state), CaseAction(action), cell


@pytest.mark.parametrize(("state", "action", "cell"), list(cells()))
def test_where_a_case_may_go(state, action, cell):
    assert MOVES.get((state, action)) == (None if cell == "-" else CaseState(cell))


def test_the_table_is_whole():
    assert {(state, action) for state, action, cell in cells() if cell != "-"} == set(MOVES)


OURS, THEIRS, TYPED = {"choice": "ours"}, {"choice": "theirs"}, {"choice": "value", "value": 9}


@pytest.mark.parametrize(
    ("fault_code", "reading_kwh", "fields", "reason"),
    [
        (OURS, OURS, {}, "resolved_ours"),
        (THEIRS, THEIRS, {"fault_code": "fast", "reading_kwh": 3}, "resolved_theirs"),
        (OURS, THEIRS, {"reading_kwh": 3}, "resolved_mixed"),
        (THEIRS, TYPED, {"fault_code": "fast", "reading_kwh": 9}, "resolved_mixed"),
    ],
)
def test_each_field_takes_the_side_that_was_chosen(fault_code, reading_kwh, fields, reason):
    chosen = {"fault_code": fault_code, "reading_kwh": reading_kwh}

    settled = settle(BETWEEN, chosen)

    assert (settled.fields, settled.errors) == (fields, {})
    assert reason_of(chosen) == reason


@pytest.mark.parametrize(
    ("chosen", "errors"),
    [
        ({"fault_code": OURS}, {"reading_kwh": "choose_a_side"}),
        (
            {"fault_code": OURS, "reading_kwh": OURS, "remark": OURS},
            {"remark": "not_in_conflict"},
        ),
        ({"fault_code": OURS, "reading_kwh": {"choice": "value"}}, {"reading_kwh": "required"}),
    ],
)
def test_choices_that_cannot_stand_are_named(chosen, errors):
    assert settle(BETWEEN, chosen).errors == errors
