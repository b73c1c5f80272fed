"""What a statement file is made of, whatever its format: values that readers give and footing checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

CURRENCY = "PKR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What we know of a source before we read its file."""

    format: str
    """csv, mt940 or camt053; a spreadsheet is read as csv is."""
    is_agency: bool = False
    """An agency's lines carry fees and bring no balances."""
    account: str | None = None
    """The account that the file must be about."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our name of a column → its heading in the file."""
    delimiter: str = ","
    date_form: str = "yyyy-mm-dd"
    pads_account_no: bool = False
    """Whether leading zeros that a spreadsheet has dropped are put back."""
    newest_first: bool = False
    number: str = ""
    opening_paisa: int | None = None
    closing_paisa: int | None = None
    """What a file without balances does not say itself: who sends it says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A statement begins."""

    file_line: int
    number: str
    opening_paisa: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One booking on a bank's statement, or one payment in an agency's file."""

    file_line: int
    booked_on: str
    value_on: str | None = None
    amount_paisa: int
    """Signed: what came in is positive. An agency's is gross, before its fee."""
    fee_paisa: int = 0
    reference: str = ""
    narration: str = ""
    account_no: str | None = None
    txn_id: str | None = None
    returned: bool = False
    """A cheque that came back."""
    balance_paisa: int | None = None
    """The balance printed beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A statement ends."""

    file_line: int
    closing_paisa: int | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the file is refused: the line, a message key with its values, and the column when there is one."""

    file_line: int
    key: str
    column: str = ""

    def wire(self) -> dict[str, object]:
        named = {"column": self.column} if self.column else {}
        return {"line": self.file_line, "error": self.key, **named}


Part = Start | Line | End | Fault
