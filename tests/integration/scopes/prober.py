"""Asks every route of the application, with what belongs to another IBC, and looks for its secrets in the answers."""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import orjson
from flask import Flask
from flask.testing import FlaskClient

from infra.database import Database, fetch
from models import ENTITIES
from models.migrations.walls import TENANT_TABLES

SECRET_CHARS_MIN = 6
"""Shorter words are in every answer."""
JSON_TYPES = ("application/json",)
DEPTH_MAX = 6

NAMES = {"/evidence/": "no", "/figures/": "uncleared"}
"""Part of an address → what stands for `name` in it: something of the bait, or a name of ours."""

Said = dict[str, Any]


@dataclass(frozen=True)
class Probe:
    """One request."""

    method: str
    rule: str
    path: str
    body: Any = None
    raw: bytes | None = None

    @property
    def text(self) -> str:
        return self.path + orjson.dumps(self.body).decode() + (self.raw or b"").decode()


@dataclass
class Prober:
    """Every route there is: a new one is asked too, or the test says what it lacks."""

    app: Flask
    client: FlaskClient
    code: str
    """The IBC in the addresses."""
    bait: Mapping[str, str]
    """What to put where an address, a query or a body wants a name of something."""
    secrets: frozenset[str] = frozenset()
    seen: set[tuple[str, str]] = field(default_factory=set)
    """(method, rule) of which some answer had a secret that the question had not."""

    def leaks(self, headers: Mapping[str, str], more: list[Probe] | None = None) -> list[str]:
        """Where an answer says what its question did not know."""
        found = []
        for probe in [*self.probes(), *(more or [])]:
            leaked = self._ask(probe, headers)
            if leaked:
                self.seen.add((probe.method, probe.rule))
                found.append(f"{probe.method} {probe.path} says {sorted(leaked)[:3]}")
        return found

    def _ask(self, probe: Probe, headers: Mapping[str, str]) -> set[str]:
        given: Said = {"json": probe.body} if probe.body is not None else {}
        if probe.raw is not None:
            given = {"data": probe.raw, "content_type": "application/x-ndjson"}
        answer = self.client.open(probe.path, method=probe.method, headers=headers, **given)
        # A stream of hints never ends by itself; its first line is all that it says.
        streamed = answer.content_type == "text/event-stream"
        text = "" if streamed else _text_of(answer.data)
        answer.close()
        text += str(answer.headers)
        return {secret for secret in self.secrets if secret in text and secret not in probe.text}

    def probes(self) -> Iterator[Probe]:
        """Each route with each entity, its query by default and by each parameter, and its body."""
        document = self.client.get("/api/openapi.json").json
        for rule in sorted(self.app.url_map.iter_rules(), key=str):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                for parts in self._parts(str(rule), rule.arguments):
                    with self.app.test_request_context():
                        path = self.app.url_map.bind("").build(rule.endpoint, parts)
                    yield from self._asked(document, method, str(rule), path)

    def _parts(self, rule: str, arguments: set[str]) -> Iterator[dict[str, str]]:
        name = next((NAMES[part] for part in NAMES if part in rule), "index.html")
        fixed = {"code": self.code, "schema_version": "1", "kind": "receipt", "file_no": "1"}
        fixed["name"] = self.bait.get(name, name)
        unknown = arguments - fixed.keys() - self.bait.keys() - {"entity"}
        assert not unknown, f"say in `bait` what of another IBC stands for {unknown}"
        parts = {**self.bait, **fixed}
        entities = ENTITIES if "entity" in arguments else [""]
        for entity in entities:
            yield {name: {**parts, "entity": entity}[name] for name in arguments}

    def _asked(self, document: Said, method: str, rule: str, path: str) -> Iterator[Probe]:
        operation = _operation(document, method, rule)
        schema = _body_schema(document, operation)
        body = self.filled(document, schema, "") if schema else None
        raw = b'{"account_no":"%s"}\n' % self.bait["account_no"].encode()
        yield Probe(method, rule, path, body, raw if "imports" in rule else None)
        for parameter in operation.get("parameters", []):
            if parameter.get("in") == "query":
                name = parameter["name"]
                value = self.filled(document, parameter["schema"], name)
                value = "csv" if name == "format" else value
                yield Probe(method, rule, f"{path}?{name}={value}", body)

    def filled(self, document: Said, schema: Said, name: str, depth: int = 0) -> Any:
        """A value of a schema, with what is another's wherever a name of something fits."""
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        singular = name.removesuffix("s")
        for known in (name, f"{singular}_id", f"{singular}_no"):
            if known in self.bait and schema.get("type") in ("string", None):
                return self.bait[known]
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "object" | None if depth < DEPTH_MAX:
                parts = schema.get("properties", {})
                return {n: self.filled(document, part, n, depth + 1) for n, part in parts.items()}
            case "array":
                return [self.filled(document, schema.get("items", {}), name, depth + 1)]
            case "integer":
                return max(schema.get("minimum", 1), 1)
            case "boolean":
                return True
        if schema.get("format") == "uuid":
            return self.bait["id"]
        return {"date": "2026-04-09", "date-time": "2026-04-08T08:00:00.000Z"}.get(
            schema.get("format", ""), "x"
        )


def _text_of(data: bytes) -> str:
    """An answer as text; of a zip, what is packed in it."""
    if not zipfile.is_zipfile(BytesIO(data)):
        return data.decode(errors="replace")
    with zipfile.ZipFile(BytesIO(data)) as packed:
        return "".join(packed.read(name).decode(errors="replace") for name in packed.namelist())


def secrets_of(database: Database, ibc_id: str, openapi: str) -> frozenset[str]:
    """Every text and every long number in the rows of an IBC that no other IBC's rows have."""
    own: set[str] = set()
    others: set[str] = set()
    with database.read() as connection:
        for table in TENANT_TABLES:
            for row in fetch(connection, f"SELECT * FROM {table}"):
                values = set(_leaves(list(row._asdict().values())))
                (own if row.ibc_id == ibc_id else others).update(values)
    return frozenset(word for word in own - others if word not in openapi)


def _leaves(value: Any) -> Iterator[str]:
    """The texts and long numbers inside a value; JSON in a column is looked into."""
    match value:
        case str() if value[:1] in "[{" and value:
            try:
                yield from _leaves(orjson.loads(value))
            except orjson.JSONDecodeError:
                yield value
        case str() if len(value) >= SECRET_CHARS_MIN:
            yield value
        case list():
            for one in value:
                yield from _leaves(one)
        case dict():
            for one in value.values():
                yield from _leaves(one)


def _operation(document: Said, method: str, rule: str) -> Said:
    """What the OpenAPI document says of a route; nothing of those that are only for people."""
    path = rule
    for kind in ("<uuid:", "<int:", "<"):
        path = path.replace(kind, "{")
    path = path.replace(">", "}")
    said: Said = document["paths"].get(path, {})
    operation: Said = said.get(method.lower(), {})
    return {
        **operation,
        "parameters": [*said.get("parameters", []), *operation.get("parameters", [])],
    }


def _body_schema(document: Said, operation: Said) -> Said | None:
    content = operation.get("requestBody", {}).get("content", {})
    for kind in JSON_TYPES:
        if kind in content:
            schema: Said = content[kind]["schema"]
            return schema
    return None
