"""What a rule with dates may say, and what it may not."""

import pytest

from models import ENTITIES
from models.declaration import Owner
from schemas.records import errors_of, write_schema
from schemas.samples import sample_put

GOOD = sample_put(ENTITIES["rule"], Owner.OFFICE)
SCHEMA = write_schema(ENTITIES["rule"], Owner.OFFICE)
STEPS = [{"up_to_days": 3, "bp": 500}, {"bp": 1_000}]


def said(**fields):
    return errors_of(SCHEMA, {**GOOD, "bp": None, **fields})


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"kind": "late_surcharge", "steps": STEPS}, {}),
        ({"kind": "late_surcharge", "steps": STEPS[:1]}, {"steps": "steps_do_not_rise"}),
        ({"kind": "late_surcharge", "steps": STEPS[::-1]}, {"steps": "steps_do_not_rise"}),
        ({"kind": "late_surcharge", "steps": []}, {"steps": "steps_do_not_rise"}),
        ({"kind": "late_surcharge", "steps": None}, {"steps": "needed_for_this_kind"}),
        ({"kind": "reconnection_fee", "steps": STEPS}, {"steps": "steps_do_not_rise"}),
        ({"kind": "reconnection_fee", "steps": [{"paisa": 1}]}, {}),
        ({"kind": "bounce_charge", "paisa": 0}, {}),
        ({"kind": "bounce_charge", "paisa": 1, "bp": 1}, {"bp": "not_for_this_kind"}),
        ({"kind": "scheme", "bp": 1, "effective_until": None},
         {"effective_until": "needed_for_this_kind"}),
        ({"kind": "retention", "keep_days": 30, "effective_until": "2026-01-01"},
         {"effective_until": "before_its_beginning"}),
    ],
)  # fmt: skip
def test_a_rule_says_one_thing_in_the_field_of_its_kind(fields, errors):
    assert said(**fields) == errors
