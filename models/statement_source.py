"""Where statements come from, and how its files read: the mapping that is saved once for each source."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Sync
from models.kinds import TEXT, WHOLE, Code, Group, Label, OneOf, Paisa, Whole, Words, YesNo


class SourceKindWord(StrEnum):
    """Who sends it."""

    BANK = "bank"
    """Lines of an account, with its balances."""
    AGENCY = "agency"
    """Payments that a wallet, switch or counter took for us, with their fees."""


class FileFormatWord(StrEnum):
    """How its files are written."""

    CSV = "csv"
    """A table; a spreadsheet (xlsx) reads alike."""
    MT940 = "mt940"
    CAMT053 = "camt053"


class DelimiterWord(StrEnum):
    """What stands between the cells of a CSV file."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"
    PIPE = "pipe"


class DateFormWord(StrEnum):
    """How its dates are spelled."""

    YEAR_FIRST = "yyyy-mm-dd"
    DAY_SLASHES = "dd/mm/yyyy"
    MONTH_SLASHES = "mm/dd/yyyy"
    DAY_DASHES = "dd-mm-yyyy"
    DAY_DOTS = "dd.mm.yyyy"
    DAY_NAMED_MONTH = "dd-mon-yyyy"
    DIGITS = "yyyymmdd"


HEADING = Words(60)
COLUMN_NAMES = (
    "booked_on",
    "value_on",
    "amount",
    "debit",
    "credit",
    "balance",
    "reference",
    "narration",
    "kind",
    "account_no",
    "txn_id",
    "fee",
    "net",
)
SourceKind = Annotated[str, mapped_column(TEXT), OneOf(SourceKindWord)]
FileFormat = Annotated[str, mapped_column(TEXT), OneOf(FileFormatWord)]
Delimiter = Annotated[str, mapped_column(TEXT), OneOf(DelimiterWord)]
DateForm = Annotated[str, mapped_column(TEXT), OneOf(DateFormWord)]
Columns = Annotated[str, mapped_column(TEXT), Group(dict.fromkeys(COLUMN_NAMES, HEADING))]
"""Our name of a column → its heading in the file."""
BasisPoints = Annotated[int, mapped_column(WHOLE), Whole(0, 10_000, "basis points")]


def _mapping_suffices(values: Mapping[str, Any]) -> Mapping[str, str]:
    """A table needs a date and an amount; an agency needs its name and its payments' numbers."""
    errors: dict[str, str] = {}
    columns = values.get("columns") or {}
    is_agency = values["kind"] == SourceKindWord.AGENCY
    if is_agency and values.get("provider") is None:
        errors["provider"] = "needed_for_agency"
    if is_agency and values["format"] != FileFormatWord.CSV:
        errors["format"] = "agencies_send_tables"
    if values["format"] != FileFormatWord.CSV:
        return errors
    if "booked_on" not in columns or not (
        "amount" in columns or {"debit", "credit"} <= set(columns)
    ):
        errors["columns"] = "columns_need_date_and_amount"
    elif is_agency and not {"amount", "txn_id"} <= set(columns):
        errors["columns"] = "columns_need_amount_and_txn"
    return errors


class StatementSource(Synced):
    """A bank account or an agency that sends us statements, with the layout of its files."""

    __tablename__ = "statement_sources"
    __table_args__ = (STRICT,)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.OFFICE,
        scope=None,
        claims={"code": "SOURCE_CODE_REUSED"},
        check=_mapping_suffices,
    )

    code: Mapped[Code]
    name: Mapped[Label]
    kind: Mapped[SourceKind]
    format: Mapped[FileFormat]
    bank_account: Mapped[Code]
    """Whose 1210 the money comes to: this account, or the one that the agency pays into."""
    provider: Mapped[Code | None]
    """Whose 1050 an agency's payments stand on, as officers name it on wallet receipts."""
    account: Mapped[Code | None]
    """The account number or IBAN that its files must be about."""
    columns: Mapped[Columns | None]
    delimiter: Mapped[Delimiter]
    date_form: Mapped[DateForm]
    pads_account_no: Mapped[YesNo]
    """Whether leading zeros that a spreadsheet dropped are put back; else the file is refused."""
    newest_first: Mapped[YesNo]
    fee_bp: Mapped[BasisPoints]
    fee_each_paisa: Mapped[Paisa]
    """The agency's table of fees: a share, and so much for each payment."""
    tolerance_paisa: Mapped[Paisa]
    """A difference up to this is suggested, never matched; zero for cash."""
    active: Mapped[YesNo]
