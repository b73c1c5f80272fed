"""The whole of the decision: every policy, every op, every state of the record."""

from itertools import product

import pytest

from models.declaration import Owner, Policy
from sync.mutation import Op
from sync.resolve import Action, State, legal_move, resolve

TABLE = """
policy  op      missing              same                  fresh                 stale                 baseless              closed
OFFICE  put     office_writes_this   office_writes_this    office_writes_this    office_writes_this    office_writes_this    office_writes_this
OFFICE  delete  office_writes_this   office_writes_this    office_writes_this    office_writes_this    office_writes_this    office_writes_this
FACT    put     put                  keep                  RECORD_REUSED         RECORD_REUSED         RECORD_REUSED         RECORD_REUSED
FACT    delete  facts_are_not_deleted facts_are_not_deleted facts_are_not_deleted facts_are_not_deleted facts_are_not_deleted facts_are_not_deleted
STATES  put     unknown_record       keep                  move                  move                  move                  move
STATES  delete  facts_are_not_deleted facts_are_not_deleted facts_are_not_deleted facts_are_not_deleted facts_are_not_deleted facts_are_not_deleted
MERGE   put     put                  keep                  put                   merge                 BASE_GONE             CLOSED_BY_OFFICE
MERGE   delete  keep                 BASE_GONE             delete                BASE_GONE             BASE_GONE             CLOSED_BY_OFFICE
"""  # noqa: E501  # a table is read across
WHY = {
    "office_writes_this": Action.REJECT,
    "facts_are_not_deleted": Action.REJECT,
    "unknown_record": Action.REJECT,
    "RECORD_REUSED": Action.HOLD,
    "BASE_GONE": Action.CONFLICT,
    "CLOSED_BY_OFFICE": Action.CONFLICT,
}


def rows():
    header, *lines = [line.split() for line in TABLE.strip().splitlines()]
    for policy, op, *cells in lines:
        for state, cell in zip(header[2:], cells, strict=True):
            yield Policy(policy), Op(op), State(state), cell


@pytest.mark.parametrize(("policy", "op", "state", "cell"), list(rows()))
def test_what_becomes_of_an_edit(policy, op, state, cell):
    decision = resolve(policy, op, state)

    if cell in WHY:
        assert (decision.action, decision.why) == (WHY[cell], cell)
    else:
        assert (decision.action, decision.why) == (Action(cell), None)


def test_the_table_is_complete():
    cells = [(policy, op, state) for policy, op, state, _ in rows()]

    assert len(cells) == len(set(cells))
    assert set(cells) == set(product(Policy, Op, State))


STEPS = {("a", "b"): Owner.DEVICE, ("b", "c"): Owner.OFFICE}


@pytest.mark.parametrize(
    ("mover", "current", "wanted", "legal"),
    [
        (Owner.DEVICE, "a", "b", True),
        (Owner.OFFICE, "a", "b", False),
        (Owner.DEVICE, "b", "c", False),
        (Owner.OFFICE, "b", "c", True),
        (Owner.DEVICE, "b", "a", False),
        (Owner.DEVICE, "a", "c", False),
        (Owner.DEVICE, "a", "a", False),
        (Owner.DEVICE, "a", "nowhere", False),
    ],
)
def test_only_the_named_mover_takes_a_step(mover, current, wanted, legal):
    assert legal_move(STEPS, mover, current, wanted) is legal
