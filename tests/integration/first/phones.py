"""The Python client on the Flask application itself; a wire that can be cut after so many bytes."""

from functools import cache

import orjson

from auth import tokens
from auth.keys import keys_of
from auth.proofs import to_base64url
from auth.tokens import Claims
from sync.client import Device, Lost, Refused, Store
from tests.building import NOW, Phone, a_phone, a_put, office_write
from tests.integration.sync.seeing import visible_to

SECRET_KEY = "a secret of the test, thirty-two bytes and more"
PIECE = 37
issuer = cache(keys_of)


class Wire:
    """What `client_http.Server` is, without sockets."""

    def __init__(self, client):
        self.client = client
        self.cut_after = None
        self.fetched = []

    def post(self, path, value, token=None, *, packed=False):
        del packed  # the same to whoever reads it
        return self._decided(path, self.client.post(path, json=value, headers=_headers(token)))

    def get(self, path, token):
        return self._decided(path, self.client.get(path, headers=_headers(token)))

    def fetch(self, path, token, *, start, etag):
        asked = {"Range": f"bytes={start}-", "If-Range": etag} if start else {}
        answer = self.client.get(path, headers=_headers(token) | asked, buffered=True)
        if answer.status_code not in (200, 206):
            self._decided(path, answer)
        content = answer.get_data()
        at = start if answer.status_code == 206 else 0
        left = len(content) if self.cut_after is None else self.cut_after
        self.fetched.append((at, min(left, len(content))))
        for offset in range(0, min(left, len(content)), PIECE):
            yield at + offset, content[offset : min(offset + PIECE, left)]
        if left < len(content):
            raise Lost("cut")

    def _decided(self, path, answer):
        if answer.status_code >= 400:
            raise Refused(path, answer.status_code, answer.json)
        return orjson.loads(answer.get_data())


def a_device(database, ibc, wire, officer=0, name="1"):
    """An enrolled client of one of the office's officers, beside its phone of tests/building.py."""
    phone = a_phone(database, ibc, officer, name)
    device = Device(wire, Store(), now=lambda: NOW)
    public_key = to_base64url(device._own_key().public_key().public_bytes_raw())
    office_write(
        database,
        ibc.code,
        a_put(
            "staff",
            phone.officer_id,
            staff_no=f"O{ibc.code}{officer}",
            roles=["officer"],
            active=True,
        ),
        a_put(
            "device",
            phone.device_id,
            staff_id=phone.officer_id,
            public_key=public_key,
            state="active",
        ),
    )
    claims = Claims(staff_id=phone.officer_id, device_id=phone.device_id, ibc_id=ibc.code)
    for key, value in {
        "device_id": phone.device_id,
        "staff": {"id": phone.officer_id},
        "access_token": tokens.issue(issuer(SECRET_KEY), claims, now=NOW),
        "receipt_secret": "A" * 43,
        "receipt_block": {"prefix": f"Q{officer}{name}", "first_serial": 1, "last_serial": 500},
        "receipts_used": 0,
    }.items():
        device.store.keep(key, value)
    device.phone = phone
    return device


def settle(*devices):
    for device in devices:
        device.settle(lambda _seconds: None)


def difference(device):
    """Records that the client holds and may not see, lacks, or has other values of."""
    phone: Phone = device.phone
    visible = visible_to(phone)
    held = {
        key: {name: value for name, value in row.items() if name != "occurred_at"}
        for key, row in device.store.contents().items()
    }
    return {
        key: (held.get(key), visible.get(key))
        for key in held.keys() | visible.keys()
        if not _same(held.get(key), visible.get(key))
    }


def _headers(token):
    return {"Authorization": f"Bearer {token}"}


def _same(held, visible):
    if held is None or visible is None:
        return False
    # A record of its own has only the fields that the phone gave it.
    return all(visible.get(name) == value for name, value in held.items())


__all__ = ["Wire", "a_device", "difference", "settle"]
