"""Crockford's base32: letters and digits that survive being read aloud and written by hand."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No I, L, O or U (https://www.crockford.com/base32.html); in the order of their bytes."""
LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def random_text(chars: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(chars))


def as_written(text: str) -> str:
    """What a person meant: upper case, without spaces and dashes, look-alikes read as digits."""
    return text.upper().translate(LOOKALIKES)
