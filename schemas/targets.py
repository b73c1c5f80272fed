"""Targets on the wire."""

from typing import get_args

from models.kinds import BillMonth, Id, OneOf
from models.target import TargetKindWord, Wanted
from schemas.base import StrictSchema
from schemas.fields import field_of
from schemas.stored import VERSION, needed, nullable, words

MONTH, WANTED = get_args(BillMonth)[-1], get_args(Wanted)[-1]


class TargetWrite(StrictSchema):
    """What a figure should reach."""

    kind = needed(OneOf(TargetKindWord))
    month = needed(MONTH)
    area_id = field_of(Id(), required=False, nullable=True)
    wanted = needed(WANTED)


class TargetMadeSchema(StrictSchema):
    """A target as it now stands."""

    id = needed(Id())
    version = needed(VERSION)
    kind = words()
    month = words()
    area_id = words(null=True)
    wanted = nullable(WANTED)
