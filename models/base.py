"""What every table shares, and how a class in models/ is read as an entity."""

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column

from models.declaration import ASK, Owner, Policy, Rule, RuleWord, Sync
from models.kinds import TEXT, WHOLE, Kind, Several, Words

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}
STRICT = {"sqlite_strict": True}
"""SQLite stores what the column says, or refuses; without STRICT it would keep 'abc' as a number."""


class Base(DeclarativeBase):
    """Every table of the project."""

    metadata = MetaData(naming_convention=NAMING)
    __table_args__: Any = STRICT


class Synced(Base):
    """A record that travels: owned by an IBC, named by whoever made it, counted by version."""

    __abstract__ = True
    __sync__: ClassVar[Sync]

    @declared_attr
    def ibc_id(cls) -> Mapped[str]:  # noqa: N805  # SQLAlchemy passes the class
        """The IBC, by its code: first in every key (design.md, idea 5)."""
        return mapped_column(TEXT, primary_key=True, sort_order=-9)

    @declared_attr
    def id(cls) -> Mapped[str]:  # noqa: N805
        return mapped_column(TEXT, primary_key=True, sort_order=-8)

    @declared_attr
    def version(cls) -> Mapped[int]:  # noqa: N805
        """Counts this record's changes from 1."""
        return mapped_column(WHOLE, sort_order=-7)

    @declared_attr
    def author_id(cls) -> Mapped[str]:  # noqa: N805
        """The device, the member of staff or the worker that made it."""
        return mapped_column(TEXT, sort_order=90)

    @declared_attr
    def occurred_at(cls) -> Mapped[int]:  # noqa: N805
        """When it happened, by the author's clock; milliseconds."""
        return mapped_column(WHOLE, sort_order=91)

    @declared_attr
    def received_at(cls) -> Mapped[int]:  # noqa: N805
        """When the server took it in; milliseconds."""
        return mapped_column(WHOLE, sort_order=92)

    @declared_attr
    def deleted_at(cls) -> Mapped[int | None]:  # noqa: N805
        return mapped_column(WHOLE, sort_order=93)


@dataclass(frozen=True)
class Field:
    """One field of an entity, as its declaration says it."""

    name: str
    kind: Kind
    owner: Owner
    required: bool
    rule: Rule = ASK
    """MERGE: what becomes of it when both sides changed it."""


@dataclass(frozen=True, eq=False)
class Entity:
    """What the engines read: an entity's name, its policy and its fields, all from one class."""

    model: type[Synced]
    name: str
    sync: Sync
    fields: tuple[Field, ...] = field(repr=False)

    @property
    def table(self) -> Table:
        return self.model.__table__  # type: ignore[return-value]  # mapped classes have a Table

    @cached_property
    def wire_fields(self) -> tuple[Field, ...]:
        """The fields that travel, in the order in which a row of the feed lists them."""
        return tuple(field for field in self.fields if field.owner is not Owner.STAMP)

    @cached_property
    def has_time(self) -> bool:
        """Whether the time of its happening travels: it does for what officers record."""
        return self.sync.policy is not Policy.OFFICE

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The column names of a row on the wire (docs/protocol.md, changes)."""
        times = ("occurred_at",) if self.has_time else ()
        return ("id", "version", *times, *self.wire_names)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @cached_property
    def wire_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.wire_fields)

    @cached_property
    def is_written_by_devices(self) -> bool:
        return bool(self.owned_by(Owner.DEVICE))

    @cached_property
    def first_owner(self) -> Owner:
        """Who makes its records."""
        return _usual_owner(self.sync)

    @cached_property
    def stamped(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.owned_by(Owner.STAMP))

    @cached_property
    def field(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Field → how two edits of it meet."""
        return {field.name: field.rule for field in self.fields}

    def owned_by(self, owner: Owner) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.owner is owner)


COMMON = frozenset(
    {"ibc_id", "id", "version", "author_id", "occurred_at", "received_at", "deleted_at"}
)


def office(**options: Any) -> MappedColumn[Any]:
    """A field that the office writes on an entity that phones write otherwise."""
    return mapped_column(info={"owner": Owner.OFFICE}, **options)


def books(**options: Any) -> MappedColumn[Any]:
    """A field that only the books write."""
    return mapped_column(info={"owner": Owner.BOOKS}, **options)


def stamp(**options: Any) -> MappedColumn[Any]:
    """A field that the server fills from who sent the mutation."""
    return mapped_column(info={"owner": Owner.STAMP}, **options)


def merged(word: RuleWord, *order: str, **options: Any) -> MappedColumn[Any]:
    """A field of a MERGE entity that does not ask a person when both sides changed it."""
    return mapped_column(info={"rule": Rule(word, order)}, **options)


def read_entity(model: type[Synced]) -> Entity:
    """Read the class as an entity: the order of its annotations is the order on the wire."""
    usual = _usual_owner(model.__sync__)
    hints = get_type_hints(model, include_extras=True)
    fields = []
    for column_name in model.__annotations__:
        if get_origin(hints[column_name]) is not Mapped:
            continue
        kind, optional = _kind_of(get_args(hints[column_name])[0])
        column = model.__table__.c[column_name]
        owner = column.info.get("owner", usual)
        rule = replace(column.info.get("rule", ASK), most=_most(kind))
        fields.append(Field(column_name, kind, owner, required=not optional, rule=rule))
    return Entity(model, entity_name(model), model.__sync__, tuple(fields))


def _usual_owner(sync: Sync) -> Owner:
    return Owner.OFFICE if sync.policy is Policy.OFFICE else Owner.DEVICE


def entity_name(model: type[Synced]) -> str:
    """`MeterIssue` is `meter_issue` on the wire."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", model.__name__).lower()


def _kind_of(hint: Any) -> tuple[Kind, bool]:
    if get_origin(hint) in (Union, UnionType):
        inner = next(part for part in get_args(hint) if part is not type(None))
        return _kind_of(inner)[0], True
    kinds = [extra for extra in get_args(hint)[1:] if isinstance(extra, Kind)]
    if not kinds:
        raise TypeError(f"{hint} says no kind; take one of models/kinds.py")
    return kinds[0], False


def _most(kind: Kind) -> int | None:
    """How many characters or items a value may have, where values can grow."""
    match kind:
        case Words():
            return kind.chars_max
        case Several():
            return kind.most
    return None
