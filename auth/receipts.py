"""The code on a receipt: shows, before the phone has synced, that a device of ours printed it."""

import base64
import hmac
from hashlib import sha256

from infra.clock import Milliseconds, rfc3339

CODE_CHARS = 8
SECRET_BYTES = 32


def verify_code(
    secret: bytes,
    *,
    receipt_no: str,
    account_no: str | None,
    amount_paisa: int,
    occurred_at: Milliseconds,
) -> str:
    """Bind exactly what is printed: number, account, amount, date and minute (users.md item 3).

    Base32 (RFC 4648) of HMAC-SHA-256 over `Q3-000043|0400012345678|150000|2026-04-08T08:59Z`, its
    first eight characters. An unknown payer's account is the empty text.
    """
    minute = f"{rfc3339(occurred_at)[:16]}Z"
    printed = f"{receipt_no}|{account_no or ''}|{amount_paisa}|{minute}"
    mac = hmac.digest(secret, printed.encode(), sha256)
    return base64.b32encode(mac)[:CODE_CHARS].decode()


def code_is_genuine(
    code: str,
    secret: bytes,
    *,
    receipt_no: str,
    account_no: str | None,
    amount_paisa: int,
    occurred_at: Milliseconds,
) -> bool:
    """Compare in a time that does not tell how many characters were right."""
    expected = verify_code(
        secret,
        receipt_no=receipt_no,
        account_no=account_no,
        amount_paisa=amount_paisa,
        occurred_at=occurred_at,
    )
    return hmac.compare_digest(expected.encode(), code.encode())
