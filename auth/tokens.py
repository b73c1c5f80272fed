"""Access tokens: short-lived JWTs that say who asks, never what they may do."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt

from auth.errors import TokenExpired, TokenRefused
from auth.keys import Keys
from infra.clock import Milliseconds
from infra.ids import new_token

ISSUER = "fieldledger"
AUDIENCE = "fieldledger-api"
ALGORITHM = "HS256"
HEADER = {"alg": ALGORITHM, "typ": "at+jwt"}
"""RFC 9068: the type keeps other JWTs of this server from passing as access tokens."""
LIFE_SECONDS = 15 * 60
SKEW_SECONDS_MAX = 10
"""How far the clocks of two of our own servers may differ."""
CHARS_MAX = 2048
REMEMBERED_MAX = 2_000
"""Good signatures that a process remembers: they stay good. Times are checked at every request."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a token says and the server believes: the person, the phone and the sign-in."""

    staff_id: str
    device_id: str | None = None
    ibc_id: str | None = None
    """The device's IBC, for life (ruling 7); None for a person at the office."""
    family_id: str | None = None
    """The sign-in (refresh family) it came from, so that signing out ends it at once."""


def issue(keys: Keys, claims: Claims, *, now: Milliseconds) -> str:
    """Make a token that lives LIFE_SECONDS."""
    issued_at = now // 1000
    payload = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": claims.staff_id,
        "dev": claims.device_id,
        "ibc": claims.ibc_id,
        "sid": claims.family_id,
        "iat": issued_at,
        "exp": issued_at + LIFE_SECONDS,
        "jti": new_token(16),
    }
    return jwt.encode(payload, keys.access, algorithm=ALGORITHM, headers=HEADER)


def read(keys: Keys, token: str, *, now: Milliseconds) -> Claims:
    """Check a token and say what it says. Errors: TokenRefused, TokenExpired."""
    payload = _verified(keys, token)
    _check_times(payload, now // 1000)
    # May be null but not missing; PyJWT's `require` does not tell the two apart.
    if not all(isinstance(payload.get(name, 0), str | None) for name in ("dev", "ibc", "sid")):
        raise TokenRefused
    return Claims(
        staff_id=payload["sub"],
        device_id=payload["dev"],
        ibc_id=payload["ibc"],
        family_id=payload["sid"],
    )


@lru_cache(maxsize=REMEMBERED_MAX)
def _verified(keys: Keys, token: str) -> dict[str, Any]:
    if len(token) > CHARS_MAX or not token.isascii():
        raise TokenRefused
    try:
        decoded = jwt.decode_complete(
            token,
            keys.access,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={
                "require": ["iss", "aud", "sub", "iat", "exp", "jti"],
                # The times are checked below, against the `now` that we were given.
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "strict_aud": True,
            },
        )
    except jwt.InvalidTokenError:
        raise TokenRefused from None
    # We write two header fields; a third (`kid`, `jku`, `crit`, …) asks us to look elsewhere.
    if decoded["header"] != HEADER:
        raise TokenRefused
    payload: dict[str, Any] = decoded["payload"]
    return payload


def _check_times(payload: dict[str, Any], now_seconds: int) -> None:
    """PyJWT takes exp = 10^30 and "1e3"; we take whole seconds and no life longer than we give."""
    issued_at, expires_at = payload["iat"], payload["exp"]
    starts_at = payload.get("nbf", issued_at)
    if not all(type(moment) is int for moment in (issued_at, expires_at, starts_at)):
        raise TokenRefused
    if not 0 < expires_at - issued_at <= LIFE_SECONDS:
        raise TokenRefused
    if max(issued_at, starts_at) > now_seconds + SKEW_SECONDS_MAX:
        raise TokenRefused
    if expires_at <= now_seconds:
        raise TokenExpired
