"""How an entity says, beside its columns, who may write it, who sees it and how it moves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Policy(StrEnum):
    """Who wins when two edits meet (docs/protocol.md, policies)."""

    FACT = "FACT"
    """Append-only: made once by one author, corrected only by another fact."""
    MERGE = "MERGE"
    """Field by field against the version that the author had seen."""
    STATES = "STATES"
    """A state machine: legal transitions only."""
    OFFICE = "OFFICE"
    """Phones read it; the office, billing or the books write it."""


class Owner(StrEnum):
    """Who writes a field. Whoever writes sends only the fields that it owns."""

    DEVICE = "device"
    OFFICE = "office"
    BOOKS = "books"
    STAMP = "stamp"
    """Set by the server from who sent the mutation; kept in the table and never on the wire."""


class RuleWord(StrEnum):
    """What becomes of a field that both sides changed (docs/protocol.md, conflict)."""

    SERVER = "server"
    """The server's value stands."""
    DEVICE = "device"
    """The phone's value stands: it was there."""
    MAX = "max"
    """The greater stands: by number, true over false, or by the rule's order of words."""
    UNION = "union"
    """Both lists are kept, each item once."""
    APPEND = "append"
    """Both texts are kept, the phone's addition below the server's."""
    ASK = "ask"
    """A person chooses."""


@dataclass(frozen=True)
class Rule:
    """How two edits of one field meet."""

    word: RuleWord
    order: tuple[str, ...] = ()
    """MAX of words: from the least to the greatest."""
    most: int | None = None
    """How long the field may become; what would be longer is put before a person."""


ASK = Rule(RuleWord.ASK)


@dataclass(frozen=True)
class Scope:
    """Which feed a record appears in: `kind:<value of the column by>`."""

    kind: str
    by: str
    otherwise: "Scope | None" = None
    """Where it appears when that column says nothing."""


@dataclass(frozen=True)
class Members:
    """A record that appears wherever its consumer's account is a member (ruling 15)."""

    by: str = "account_no"


@dataclass(frozen=True)
class Sync:
    """One entity's way to travel."""

    policy: Policy
    scope: Scope | Members | None
    """None: never sent to phones (office work)."""
    states: Mapping[tuple[str, str], Owner] = field(default_factory=dict)
    """STATES: each legal transition (from, to) and who may make it."""
    state_field: str = "state"
    about: str | None = None
    """The column that names a consumer's account; a fact about another IBC's account is held."""
    claims: Mapping[str, str] = field(default_factory=dict)
    """Columns whose value only one record may claim, and the code of the second claim."""
    money: str | None = None
    """The column of the amount, when this is money that changed hands: never refused, only held."""
    read_by: str = "officer"
    """The role that a conformance test uses to read it back."""
    check: Callable[[Mapping[str, object]], Mapping[str, str]] | None = None
    """What must hold between fields: values → {field: message key} (empty when all is well)."""
