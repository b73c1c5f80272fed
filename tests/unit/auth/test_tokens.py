"""Hostile access tokens (ASVS 9.1.1–9.2.4): each row was tried against the real decoder."""

import base64
import json
from hashlib import sha256, sha512
from hmac import digest as mac

import jwt
import pytest

from auth.errors import KeyTooShort, TokenExpired, TokenRefused
from auth.keys import keys_of
from auth.tokens import HEADER, LIFE_SECONDS, SKEW_SECONDS_MAX, Claims, issue, read

NOW = 1_775_600_000_000
SECONDS = NOW // 1000
KEYS = keys_of("a secret of the test, thirty-two bytes and more")
CLAIMS = Claims(staff_id="staff-1", device_id="device-1", ibc_id="DEF", family_id="family-1")
GOOD = {
    "iss": "fieldledger",
    "aud": "fieldledger-api",
    "sub": "staff-1",
    "dev": "device-1",
    "ibc": "DEF",
    "sid": "family-1",
    "iat": SECONDS,
    "exp": SECONDS + LIFE_SECONDS,
    "jti": "jti-1",
}


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header=HEADER, key=KEYS.access, algorithm=sha256, drop=(), **changes):
    """A token written by hand, so that no library corrects what is wrong with it."""
    payload = {name: value for name, value in (GOOD | changes).items() if name not in drop}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, payload))
    signature = mac(key, signed.encode(), algorithm) if key else b""
    return f"{signed}.{base64url(signature)}"


def test_a_token_comes_back_as_it_was_issued():
    token = issue(KEYS, CLAIMS, now=NOW)

    assert read(KEYS, token, now=NOW) == CLAIMS


def test_a_token_written_by_hand_like_ours_is_read():
    assert read(KEYS, forged(), now=NOW) == CLAIMS


def test_a_token_of_the_office_names_no_device():
    claims = Claims(staff_id="staff-1")

    assert read(KEYS, issue(KEYS, claims, now=NOW), now=NOW) == claims


HOSTILE = {
    "alg none": forged(HEADER | {"alg": "none"}, key=None),
    "alg nOnE": forged(HEADER | {"alg": "nOnE"}, key=None),
    "alg none with a signature": forged(HEADER | {"alg": "none"}),
    "alg empty": forged(HEADER | {"alg": ""}),
    "alg missing": forged({"typ": "at+jwt"}),
    "HS512": forged(HEADER | {"alg": "HS512"}, algorithm=sha512),
    "RS256 named over our HMAC": forged(HEADER | {"alg": "RS256"}),
    "another key": forged(key=b"x" * 32),
    "the refresh key": forged(key=KEYS.refresh),
    "an empty key": forged(key=b""),
    "kid path": forged(HEADER | {"kid": "../../dev/null"}),
    "jku": forged(HEADER | {"jku": "https://example.com/keys"}),
    "embedded jwk": forged(HEADER | {"jwk": {"kty": "oct", "k": "AAAA"}}),
    "crit": forged(HEADER | {"crit": ["exp"]}),
    "typ JWT": forged(HEADER | {"typ": "JWT"}),
    "typ missing": forged({"alg": "HS256"}),
    "wrong aud": forged(aud="another-api"),
    "aud as a list": forged(aud=["fieldledger-api", "another-api"]),
    "wrong iss": forged(iss="https://example.com"),
    "iss as a list": forged(iss=["fieldledger"]),
    "future nbf": forged(nbf=SECONDS + 3600),
    "nbf as text": forged(nbf="0"),
    "future iat": forged(iat=SECONDS + 3600, exp=SECONDS + 3600 + 60),
    "exp 10^30": forged(exp=10**30),
    "exp infinite": forged(exp=float("inf")),
    "exp a fraction": forged(exp=SECONDS + 60.5),
    "exp as text": forged(exp=str(SECONDS + 60)),
    "exp true": forged(exp=True),
    "exp null": forged(exp=None),
    "one second too long": forged(exp=SECONDS + LIFE_SECONDS + 1),
    "long life by an old iat": forged(iat=0, exp=SECONDS + 60),
    "exp before iat": forged(exp=SECONDS - 1),
    "sub a number": forged(sub=1),
    "dev a list": forged(dev=["device-1"]),
    "ibc an object": forged(ibc={"code": "DEF"}),
    "sid a number": forged(sid=7),
    **{f"without {name}": forged(drop=(name,)) for name in GOOD},
    "truncated signature": forged()[:-4],
    "no signature": forged().rsplit(".", 1)[0] + ".",
    "two parts": forged().rsplit(".", 1)[0],
    "five parts": "a.b.c.d.e",
    "empty": "",
    "not base64": "!!!.???.***",
    "not ASCII": "ٹوکن.ٹوکن.ٹوکن",
    "a surrogate": "\ud800.\ud800.\ud800",
    "huge": "A" * 1_000_000,
    "deep JSON": f"{base64url(b'[' * 900)}.{base64url(b'{}')}.AAAA",
    "payload a list": jwt.api_jws.encode(b"[]", KEYS.access, "HS256", headers=HEADER),
}


@pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_token_is_refused(token):
    with pytest.raises(TokenRefused):
        read(KEYS, token, now=NOW)


def test_a_token_runs_out_at_its_second_and_not_before():
    token = issue(KEYS, CLAIMS, now=NOW)

    assert read(KEYS, token, now=NOW + (LIFE_SECONDS - 1) * 1000) == CLAIMS
    with pytest.raises(TokenExpired):
        read(KEYS, token, now=NOW + LIFE_SECONDS * 1000)


def test_our_own_servers_clocks_may_differ_a_little():
    token = issue(KEYS, CLAIMS, now=NOW + SKEW_SECONDS_MAX * 1000)

    assert read(KEYS, token, now=NOW) == CLAIMS


def test_two_tokens_of_the_same_moment_differ():
    assert issue(KEYS, CLAIMS, now=NOW) != issue(KEYS, CLAIMS, now=NOW)


def test_a_short_secret_is_refused():
    with pytest.raises(KeyTooShort):
        keys_of("short")


def test_keys_are_never_shown():
    assert "b'" not in repr(KEYS)


def test_a_refusal_does_not_repeat_the_token():
    token = forged(aud="another-api")

    with pytest.raises(TokenRefused) as refused:
        read(KEYS, token, now=NOW)

    assert token not in str(refused.value)
    assert refused.value.__cause__ is None
