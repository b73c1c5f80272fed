"""Cells of a file as values: amounts, dates and account numbers, read strictly or refused by name."""

import re
from datetime import date, datetime
from decimal import Decimal

ACCOUNT_DIGITS = 13
LEAST_DIGITS = 8
"""Fewer digits were never an account number, whatever a spreadsheet has dropped."""
RUPEE_DIGITS_MAX = 13
AMOUNT = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d+|\d{1,3}(?:,\d{2,3})+)(?:\.(?P<part>\d{1,2}))?"
    r"(?:\s?(?P<side>CR|DR))?",
    re.ASCII | re.IGNORECASE,
)
SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.ASCII | re.IGNORECASE)
FORMULA_STARTS = ("=", "@", "\t", "\r")
DATE_FORMS = {
    "yyyy-mm-dd": "%Y-%m-%d",
    "dd/mm/yyyy": "%d/%m/%Y",
    "mm/dd/yyyy": "%m/%d/%Y",
    "dd-mm-yyyy": "%d-%m-%Y",
    "dd.mm.yyyy": "%d.%m.%Y",
    "dd-mon-yyyy": "%d-%b-%Y",
    "yyyymmdd": "%Y%m%d",
}
YEAR_LEAST, YEAR_MOST = 2000, 2100


class Unreadable(ValueError):
    """A cell that says nothing we can use; its text is the message key with its values."""


def check_cell(text: str) -> None:
    """What no cell may be. Errors: Unreadable for a formula and for digits that are not ASCII."""
    if text.startswith(FORMULA_STARTS):
        raise Unreadable("cell_is_a_formula")
    if any(character.isdigit() and not character.isascii() for character in text):
        raise Unreadable("digits_are_not_ascii")


def paisa(text: str, *, signed: bool) -> int:
    """`1,23,456.50`, `-20`, `500 DR` as paisa. Errors: Unreadable."""
    found = AMOUNT.fullmatch(text.strip())
    if found is None:
        raise Unreadable("not_an_amount")
    whole = found["whole"].replace(",", "")
    if len(whole.lstrip("0")) > RUPEE_DIGITS_MAX:
        raise Unreadable(f"amount_too_large {RUPEE_DIGITS_MAX}")
    amount = int(whole) * 100 + int((found["part"] or "").ljust(2, "0"))
    is_negative = (found["sign"] == "-") != ((found["side"] or "").upper() == "DR")
    if is_negative and amount and not signed:
        raise Unreadable("amount_is_negative")
    return -amount if is_negative else amount


def paisa_of(amount: Decimal) -> int:
    """A decimal that a parser made of digits it has checked. Errors: Unreadable."""
    if not amount.is_finite() or abs(amount) >= 10**RUPEE_DIGITS_MAX:
        raise Unreadable(f"amount_too_large {RUPEE_DIGITS_MAX}")
    hundredfold = amount * 100
    if hundredfold != hundredfold.to_integral_value():
        raise Unreadable("not_an_amount")
    return int(hundredfold)


def day(text: str, date_form: str) -> str:
    """A date as ISO writes it. Errors: Unreadable."""
    try:
        found = datetime.strptime(text.strip(), DATE_FORMS[date_form]).date()  # noqa: DTZ007  # a date
    except ValueError:
        raise Unreadable(f"not_a_date_like {date_form}") from None
    return plausible(found)


def plausible(found: date) -> str:
    if not YEAR_LEAST <= found.year < YEAR_MOST:
        raise Unreadable("year_out_of_range")
    return found.isoformat()


def account_no(text: str, *, pads: bool) -> str:
    """An account number of 13 digits. Errors: Unreadable, by name when a spreadsheet has had it."""
    text = text.strip()
    if SCIENTIFIC.fullmatch(text):
        raise Unreadable("digits_were_rounded")
    if not re.fullmatch(r"\d{1,13}", text, re.ASCII) or len(text) < LEAST_DIGITS:
        raise Unreadable("not_an_account_no")
    if len(text) < ACCOUNT_DIGITS and not pads:
        raise Unreadable(f"leading_zeros_dropped {len(text)} {ACCOUNT_DIGITS}")
    return text.zfill(ACCOUNT_DIGITS)


def identifier(text: str) -> str:
    """A number that names something. Errors: Unreadable when a spreadsheet has rounded it."""
    if SCIENTIFIC.fullmatch(text.strip()):
        raise Unreadable("digits_were_rounded")
    return text.strip()
