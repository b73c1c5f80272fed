"""Every body is read by the one strict loader, packed or not."""

import gzip

import pytest

SIGN_IN = '{"staff_no": "S4001", "password": "%s"}'


def post(client, body, **headers):
    return client.post(
        "/api/v1/auth/sign-in", data=body, headers={"Content-Type": "application/json", **headers}
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"staff_no": "S4001", "staff_no": "S4002", "password": "x"}',
        '{"staff_no": NaN, "password": "x"}',
        "\ufeff{}",
        '{"staff_no": "\\ud800", "password": "x"}',
        "[" * 300 + "]" * 300,
        '{"staff_no": "S4001"',
    ],
    ids=["duplicate key", "NaN", "byte order mark", "half a character", "nested", "cut"],
)
def test_what_is_not_strict_json_is_a_problem_that_says_so(client, body):
    answer = post(client, body.encode())

    assert answer.status_code == 400
    assert answer.json["type"] == "/problems/not-json"


def test_a_packed_body_is_read_like_any_other(client):
    plain = post(client, SIGN_IN % "wrong")
    packed = post(
        client, gzip.compress((SIGN_IN % "wrong").encode()), **{"Content-Encoding": "gzip"}
    )

    assert plain.json["type"] == packed.json["type"] == "/problems/sign-in-refused"


def test_a_body_that_only_says_that_it_is_packed_is_a_problem(client):
    answer = post(client, b"{}", **{"Content-Encoding": "gzip"})

    assert answer.json["type"] == "/problems/not-gzip"
