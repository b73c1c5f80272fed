"""What people ask of the desk over HTTP."""

from dataclasses import dataclass
from typing import Any

from tests.integration.office.desk import Desk


@dataclass(frozen=True)
class CaseDesk:
    """A person before a case."""

    person: Desk

    @property
    def id(self) -> str:
        return self.person.staff_id

    def all(self, query: str = "") -> list[dict[str, Any]]:
        return self.person.all(f"/conflicts?{query}" if query else "/conflicts")

    def see(self, case_id: str) -> dict[str, Any]:
        answer = self.person.get(f"/conflicts/{case_id}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["ETag"] == f'"{answer.json["seen_version"]}"'
        return answer.json

    def act(self, case_id: str, verb: str, body: Any = None, version: int | None = None) -> Any:
        """One step on the case as it stands now, or as it was at `version`."""
        seen = version if version is not None else self.see(case_id)["seen_version"]
        return self.person.post(f"/conflicts/{case_id}/{verb}", body, version=seen)

    def resolve(self, case_id: str, version: int | None = None, **choices: Any) -> Any:
        """resolve(case, fault_code="theirs") or resolve(case, fault_code={"value": "burnt"})."""
        fields = {
            name: {"choice": said} if isinstance(said, str) else {"choice": "value", **said}
            for name, said in choices.items()
        }
        return self.act(case_id, "resolve", {"fields": fields, "note": "asked him"}, version)


def verdicts(phone: Any) -> list[dict[str, Any]]:
    """What the phone has been told of the later fate of its mutations."""
    return [row for (entity, _), row in phone.store.items() if entity == "verdict"]


def edit(phone: Any, issue: str, base_version: int = 1, **fields: Any) -> dict[str, Any]:
    """A phone's edit of an issue that it knew at `base_version`."""
    return phone.put("meter_issue", fields, record_id=issue, base_version=base_version)
