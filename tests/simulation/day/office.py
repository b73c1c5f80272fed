"""The office as the day needs it: people at their desks, over HTTP without any weather."""

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from models.demo import demo_credentials
from tests.simulation.day.network import Address

SECONDS_MAX = 60.0

Said = Mapping[str, Any]


class NotAnswered(Exception):
    """The office was refused something that the day needs; the message says what."""


@dataclass(frozen=True)
class Desk:
    """Somebody at the demonstration's office."""

    address: Address
    ibc_code: str
    token: str

    def give_round(self, round_id: str, officer_id: str) -> None:
        """Give a round to an officer, whoever has it."""
        found = [row for row in self._all("/rounds") if row["id"] == round_id]
        given = {"state": "assigned", "officer_id": officer_id}
        self._ask("POST", f"/rounds/{round_id}/state", given, version=found[0]["version"])

    def phones_of(self, round_id: str) -> Mapping[str, str]:
        """Phone → how it holds the round."""
        rows = self._all(f"/rounds/{round_id}/phones")
        return {row["device_id"]: row["holding"] for row in rows}

    def report_lost(self, device_id: str) -> Said:
        """A phone is lost: trusted no longer, its receipt numbers listed."""
        return dict(self._ask("POST", f"/devices/{device_id}/lost"))

    def revoke(self, device_id: str) -> None:
        self._ask("POST", f"/devices/{device_id}/revoke")

    def enrolment_code(self, staff_id: str) -> str:
        """A one-time code for an officer's phone."""
        return str(self._ask("POST", "/enrolment-codes", {"staff_id": staff_id})["code"])

    def _all(self, path: str) -> Sequence[Said]:
        rows: list[Said] = []
        cursor = ""
        while True:
            page = self._ask("GET", f"{path}?limit=500{cursor}")
            rows += page["items"]
            if page["next"] is None:
                return rows
            cursor = f"&cursor={page['next']}"

    def _ask(self, method: str, path: str, value: Any = None, *, version: int | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Connection": "close"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return ask(self.address, method, f"/api/v1/ibcs/{self.ibc_code}{path}", value, headers)


def sit_down(address: Address, ibc_code: str, role: str) -> Desk:
    """Sign in as the first person with this role."""
    person = next(one for one in demo_credentials() if one.role == role)
    asked = {"staff_no": person.staff_no, "password": person.password}
    said = ask(address, "POST", "/api/v1/auth/sign-in", asked, {})
    return Desk(address, ibc_code, said["access_token"])


def ask(address: Address, method: str, path: str, value: Any, headers: dict[str, str]) -> Any:
    """One question, one answer. Errors: NotAnswered."""
    body = orjson.dumps(value) if value is not None else None
    if body is not None:
        headers = headers | {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection(*address, timeout=SECONDS_MAX)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        raw = answer.read()
    finally:
        connection.close()
    if answer.status >= http.client.BAD_REQUEST:
        raise NotAnswered(f"{method} {path}: {answer.status} {raw[:200].decode(errors='replace')}")
    return orjson.loads(raw) if raw else None
