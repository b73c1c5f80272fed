"""The doors that take a secret are limited; nothing else is, with or without Redis."""

TRIES = 31


def test_a_lost_queue_limits_the_doors_and_nothing_else(client, ibc, desk):
    auditor = desk("auditor")
    address = {"REMOTE_ADDR": "192.0.2.7"}

    answers = [
        client.post("/api/v1/auth/sign-in", json={}, environ_base=address).status_code
        for _ in range(TRIES)
    ]
    others = {auditor.get("/entries", environ_base=address).status_code for _ in range(TRIES)}

    assert (answers[0], answers[-1]) == (422, 429)
    assert others == {200}
