"""The doors that take a secret are limited; nothing else is, with or without Redis."""

from api.app import SIGN_IN_RATE

TRIES = 2 * int(SIGN_IN_RATE.split()[0]) + 1
"""More than two windows take, so that a minute that ends meanwhile changes nothing."""


def test_a_lost_queue_limits_the_doors_and_nothing_else(client, ibc, desk):
    auditor = desk("auditor")
    address = {"REMOTE_ADDR": "192.0.2.7"}

    doors = [
        client.post("/api/v1/auth/sign-in", json={}, environ_base=address).status_code
        for _ in range(TRIES)
    ]
    others = {auditor.get("/books/status", environ_base=address).status_code for _ in range(TRIES)}

    assert set(doors) == {422, 429}
    assert others == {200}
