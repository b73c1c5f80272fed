"""People at their desks: one of each role at an IBC, and what they ask over HTTP."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from auth import tokens
from auth.keys import Keys
from auth.roles import Role
from auth.tokens import Claims
from infra.database import Database
from infra.ids import derived_id, new_id
from tests.building import NOW, a_put, office_write


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One person at one IBC's desk."""

    client: FlaskClient
    code: str
    staff_id: str
    token: str

    def get(self, path: str, *, at: str | None = None, **options: Any) -> Any:
        return self.client.get(self._url(path, at), headers=self._headers(), **options)

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        version: Any = None,
        **more: Any,
    ) -> Any:
        headers = self._headers()
        if key:
            headers["Idempotency-Key"] = key
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        given = {"json": body} if body is not None else {}
        return self.client.post(self._url(path, None), headers=headers, **given, **more)

    def put(self, path: str, body: Any) -> Any:
        return self.client.put(self._url(path, None), headers=self._headers(), json=body)

    def all(self, path: str, limit: int = 100) -> list[dict[str, Any]]:
        """Every row of a list, page by page along the Link headers."""
        rows: list[dict[str, Any]] = []
        url = f"{self._url(path, None)}{'&' if '?' in path else '?'}limit={limit}"
        while url:
            answer = self.client.get(url, headers=self._headers())
            assert answer.status_code == 200, answer.text
            assert len(answer.json["items"]) <= limit
            rows += answer.json["items"]
            url = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]
            assert bool(url) == (answer.json["next"] is not None)
        return rows

    def _url(self, path: str, at: str | None) -> str:
        return f"/api/v1/ibcs/{at or self.code}{path}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def a_desk(
    client: FlaskClient, database: Database, keys: Keys, code: str, role: Role, name: str = "1"
) -> Desk:
    """Put a person with this role at the IBC."""
    staff_id = derived_id(code, role.value, name)
    number = f"T{abs(hash((code, role.value, name))) % 10**8}"
    card = a_put("staff", staff_id, staff_no=number, roles=[role.value], active=True)
    office_write(database, code, card)
    token = tokens.issue(keys, Claims(staff_id=staff_id), now=NOW)
    return Desk(client=client, code=code, staff_id=staff_id, token=token)


def a_key() -> str:
    return new_id()
