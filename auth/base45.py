"""Base45 (RFC 9285): bytes in the 45 characters that a QR code packs most densely."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
VALUES = {char: value for value, char in enumerate(ALPHABET)}


class NotBase45(ValueError):
    """This text is not what any bytes are written as."""


def encode(raw: bytes) -> str:
    text = []
    for start in range(0, len(raw), 2):
        pair = raw[start : start + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            value, digit = divmod(value, 45)
            text.append(ALPHABET[digit])
    return "".join(text)


def decode(text: str) -> bytes:
    """The bytes. Errors: NotBase45."""
    raw = bytearray()
    for start in range(0, len(text), 3):
        part = text[start : start + 3]
        width = len(part) - 1
        if width == 0 or any(char not in VALUES for char in part):
            raise NotBase45(NotBase45.__doc__)
        value = sum(VALUES[char] * 45**place for place, char in enumerate(part))
        if value >= 256**width:
            raise NotBase45(NotBase45.__doc__)
        raw += value.to_bytes(width, "big")
    return bytes(raw)
