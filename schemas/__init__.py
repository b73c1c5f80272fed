"""How does it look on the wire? Marshmallow classes by name, all read off the declarations in models/.

`from schemas import CollectionSchema` is a collection as it is read, `CollectionWrite` what a phone
may send of it, `BillOfficeWrite` what the office may send of a bill.
"""

from models import ENTITIES
from models.declaration import Owner
from schemas.base import StrictSchema
from schemas.records import read_schema, write_schema

__all__ = ["StrictSchema"]

for _entity in ENTITIES.values():
    for _schema in (
        read_schema(_entity),
        *(write_schema(_entity, owner) for owner in (Owner.DEVICE, Owner.OFFICE)),
    ):
        globals()[_schema.__name__] = _schema
        __all__ += [_schema.__name__]  # noqa: PLE0604  # names read off the registry
