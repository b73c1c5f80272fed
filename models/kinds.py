"""The kinds of value that a field may hold: units, limits and spelling, said once for table, wire and samples."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, Boolean, Integer, Text
from sqlalchemy.orm import mapped_column

TEXT = Text(collation="C").with_variant(Text(), "sqlite")
"""Text that compares and sorts by its bytes on both databases."""
WHOLE = BigInteger().with_variant(Integer(), "sqlite")
FLAG = Boolean().with_variant(Integer(), "sqlite")

SAFE_INTEGER_MAX = 2**53 - 1
"""The largest integer that a phone's JavaScript keeps exactly."""
PAISA_MAX = 100_000_000_00
"""Rs 100,000,000: more than any one receipt here, far below what overflows."""
YEAR_LEAST, YEAR_MOST = 2000, 2100


@dataclass(frozen=True)
class Words:
    """Text for people, or a code when `pattern` (a full-match regular expression) is given."""

    chars_max: int = 200
    chars_min: int = 1
    pattern: str | None = None
    sample: str | None = None
    lines: bool = False


@dataclass(frozen=True)
class Whole:
    """A whole number in a named unit; there is no floating-point number on the wire."""

    least: int
    most: int
    unit: str
    multiple_of: int = 1


@dataclass(frozen=True)
class Id:
    """A UUID in canonical lower case; `of` names the entity that it points to, when it does."""

    of: str | None = None
    waits: bool = False
    """Whether a mutation that points to a record nobody has seen yet waits for it."""


@dataclass(frozen=True)
class Moment:
    """A moment: RFC 3339 UTC with milliseconds on the wire, integer milliseconds in the table."""


@dataclass(frozen=True)
class Day:
    """A calendar date, `2026-04-08`."""


@dataclass(frozen=True)
class Month:
    """A month, `2026-04`."""


@dataclass(frozen=True)
class Flag:
    """True or false, and nothing that merely looks like it."""


@dataclass(frozen=True)
class OneOf:
    """One word of a closed set."""

    words: type[StrEnum]


@dataclass(frozen=True)
class Group:
    """A small object of named values, kept as JSON text; never a way to smuggle in unknown keys."""

    parts: Mapping[str, "Kind"] = field(hash=False)
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Several:
    """A short list of values of one kind, kept as JSON text."""

    each: "Kind"
    most: int


Kind = Words | Whole | Id | Moment | Day | Month | Flag | OneOf | Group | Several


AccountNo = Annotated[
    str,
    mapped_column(TEXT),
    Words(13, 13, pattern=r"[0-9]{13}", sample="0400012345678"),
]
"""KE account number: 13 digits whose leading zeros count, so always text (domain manual §0.1)."""
ReceiptNo = Annotated[
    str,
    mapped_column(TEXT),
    Words(14, 9, pattern=r"[A-Z0-9]{2,6}-[0-9]{6}", sample="Q3-000043"),
]
"""Number printed on the receipt: block prefix, dash, serial; never recycled."""
StaffNo = Annotated[
    str, mapped_column(TEXT), Words(12, 2, pattern=r"[A-Z0-9]{2,12}", sample="O1042")
]
Code = Annotated[
    str, mapped_column(TEXT), Words(40, 1, pattern=r"[A-Za-z0-9_.-]{1,40}", sample="A1-R")
]
Label = Annotated[str, mapped_column(TEXT), Words(120)]
Note = Annotated[str, mapped_column(TEXT), Words(1000, lines=True)]
Phone = Annotated[
    str,
    mapped_column(TEXT),
    Words(16, 8, pattern=r"\+[1-9][0-9]{6,14}", sample="+923001234567"),
]
"""E.164."""
PublicKey = Annotated[
    str,
    mapped_column(TEXT),
    Words(43, 43, pattern=r"[A-Za-z0-9_-]{43}", sample="A" * 43),
]
"""An Ed25519 public key: 32 bytes in base64url without padding (RFC 8032, RFC 4648 §5)."""
VerifyCode = Annotated[
    str, mapped_column(TEXT), Words(8, 8, pattern=r"[A-Z2-7]{8}", sample="K7QW2MZA")
]
"""Eight characters of base32 printed on a receipt (users.md item 3)."""
RecordId = Annotated[str, mapped_column(TEXT), Id()]
Paisa = Annotated[int, mapped_column(WHOLE), Whole(0, PAISA_MAX, "paisa")]
"""Money is integer paisa; 100 paisa are one rupee."""
PositivePaisa = Annotated[int, mapped_column(WHOLE), Whole(1, PAISA_MAX, "paisa")]
SignedPaisa = Annotated[int, mapped_column(WHOLE), Whole(-PAISA_MAX, PAISA_MAX, "paisa")]
Serial = Annotated[int, mapped_column(WHOLE), Whole(1, 999_999, "serial")]
Count = Annotated[int, mapped_column(WHOLE), Whole(0, 1_000_000, "count")]
KilowattHours = Annotated[int, mapped_column(WHOLE), Whole(0, 99_999_999, "kWh")]
Watts = Annotated[int, mapped_column(WHOLE), Whole(0, 100_000_000, "W")]
LatitudeE6 = Annotated[int, mapped_column(WHOLE), Whole(-90_000_000, 90_000_000, "1e-6 degree")]
LongitudeE6 = Annotated[int, mapped_column(WHOLE), Whole(-180_000_000, 180_000_000, "1e-6 degree")]
BasisPoints = Annotated[int, mapped_column(WHOLE), Whole(0, 10_000, "1/10000")]
Days = Annotated[int, mapped_column(WHOLE), Whole(0, 36_600, "days")]
Metres = Annotated[int, mapped_column(WHOLE), Whole(0, 1_000_000, "m")]
Time = Annotated[int, mapped_column(WHOLE), Moment()]
Date = Annotated[str, mapped_column(TEXT), Day()]
BillMonth = Annotated[str, mapped_column(TEXT), Month()]
YesNo = Annotated[bool, mapped_column(FLAG), Flag()]

NOTES_RS = (5000, 1000, 500, 100, 75, 50, 20, 10, 5, 2, 1)
"""Notes and coins in use, in rupees (domain manual §0.8)."""
Denominations = Annotated[
    str,
    mapped_column(TEXT),
    Group({str(rupees): Whole(0, 100_000, "pieces") for rupees in NOTES_RS}),
]
"""How many of each note or coin stayed with the officer, net of change."""
Evidence = Annotated[
    str,
    mapped_column(TEXT),
    Group(
        {
            "lat_e6": Whole(-90_000_000, 90_000_000, "1e-6 degree"),
            "lon_e6": Whole(-180_000_000, 180_000_000, "1e-6 degree"),
            "accuracy_m": Whole(0, 1_000_000, "m"),
            "fix_age_s": Whole(0, 1_000_000, "s"),
            "battery_pct": Whole(0, 100, "percent"),
            "clock_offset_ms": Whole(-SAFE_INTEGER_MAX, SAFE_INTEGER_MAX, "ms"),
            "offline": Flag(),
        }
    ),
]
"""Where and in what state the phone was; never a reason to drop a fact."""
LateTiers = Annotated[
    str,
    mapped_column(TEXT),
    Several(
        Group(
            {"until_date": Day(), "paisa": Whole(0, PAISA_MAX, "paisa")},
            required=frozenset({"until_date", "paisa"}),
        ),
        most=6,
    ),
]
"""What the bill costs when paid by each later date, in order."""
Words40s = Annotated[str, mapped_column(TEXT), Several(Words(40), most=20)]
"""Up to twenty short words: aliases, flags, roles."""
