"""docs/protocol.md leaves nothing out: every door of a phone, every field, word, code and limit is on it."""

import re

import pytest
from marshmallow import fields

from api.app import create_app
from api.problems import PROBLEMS, Do
from infra.limits import TABLE
from infra.settings import Settings
from ledger.rules import HELD
from models import ENTITIES
from models.verdict import VerdictWord
from models.versions import PROTOCOL
from schemas import devices as phones
from schemas import envelope, identity, receipts, snapshot
from sync.device_life import Order
from sync.outcomes import OutcomeWord
from tests.protocol_page import PAGE, examples

TEXT = PAGE.read_text("utf-8")
WORDS = set(re.findall(r"[A-Za-z0-9_-]+", TEXT))
PHONES_DOORS = ("/api/v1/sync", "/api/v1/devices", "/api/v1/auth", "/api/v1/me", "/api/v1/receipts")
SCHEMAS = [
    *(envelope.ExchangeSchema, envelope.MutationSchema, envelope.HeadSchema),
    *(envelope.ExchangedSchema, envelope.PushedSchema, envelope.OutcomeSchema),
    *(envelope.PullSchema, envelope.EntityChangesSchema, envelope.DeviceReportSchema),
    *(envelope.HandinSchema, envelope.HandedInSchema, envelope.WitnessSchema),
    *(envelope.LogHeadSchema, envelope.UpdateSchema),
    *(snapshot.ManifestSchema, snapshot.PartSchema, snapshot.BucketSchema),
    *(snapshot.CompareSchema, snapshot.ComparedSchema),
    *(identity.EnrolWrite, identity.EnrolledSchema, identity.RefreshWrite, identity.MeSchema),
    *(phones.NextBlockSchema, phones.WipedWrite, phones.LostSchema, phones.BlockUseSchema),
    *(receipts.VerifyWrite, receipts.VerifiedSchema),
]
UNUSED_HERE = {"VERIFY_CODE_BAD"}
"""Kept in the table of the books, and given by no code yet."""
OFFICE_ONLY = {
    *("key-needed", "key-reused", "precondition-required", "stale", "maker-is-checker"),
    *("books-behind", "not-a-place", "streams-busy", "sign-in-refused"),
    *("file-refused", "not-rejected", "export-differs"),
    *("same-person", "same-hands", "over-limit"),
    *("statement-refused", "no-file", "taken", "no-effect"),
}
"""Problems that no request of a phone meets."""
LIMITS_OF_PHONES = {
    *("MUTATIONS_MAX", "BODY_BYTES_MAX", "PAGE_CHANGES_MAX", "PAGE_BYTES_MAX"),
    *("PART_ROWS_MAX", "PART_BYTES_MAX", "NESTING_MAX", "NUMBER_CHARS_MAX"),
}


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    app = create_app(
        Settings(
            database_url=f"sqlite:///{folder}/unused.sqlite",
            redis_url=f"unix://{folder}/nobody-listens",
            data_dir=folder,
            secret_key="a secret of the test, thirty-two bytes and more",
        )
    )
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(PHONES_DOORS)
    }


def test_every_door_of_a_phone_is_on_the_page(routes):
    # The only door whose address an answer tells instead of the page.
    told = {("GET", "/api/v1/sync/snapshot/parts/<sha256>")}
    missing = {
        f"{method} {path}"
        for method, path in routes - told
        if not re.search(rf"{method} {re.escape(path)}(?![\w/-])", TEXT)
    }

    assert missing == set()


def test_every_door_of_sync_is_knocked_at_in_an_example(routes):
    knocked = {(one.method, one.url.split("?")[0]) for one in examples(TEXT)}
    of_sync = {
        (m, path) for m, path in routes if path.startswith("/api/v1/sync") and "<" not in path
    }

    assert of_sync - knocked == set()


def names_in(schema):
    for name, field in schema().fields.items():
        yield field.data_key or name
        if isinstance(field, fields.Nested):
            yield from names_in(type(field.schema))


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.__name__)
def test_every_field_is_on_the_page(schema):
    assert set(names_in(schema)) - WORDS == set()


@pytest.mark.parametrize("words", [OutcomeWord, VerdictWord, Order, Do])
def test_every_word_is_on_the_page(words):
    assert {word.value for word in words} - WORDS == set()


def test_every_code_and_answer_is_on_the_page():
    assert HELD.keys() - UNUSED_HERE - WORDS == set()
    assert set(receipts.ANSWERS) - WORDS == set()


def test_every_problem_that_a_phone_can_meet_is_on_the_page():
    assert {problem.slug for problem in PROBLEMS.values()} - OFFICE_ONLY - WORDS == set()


def test_every_entity_that_travels_is_on_the_page_under_its_policy():
    for entity in ENTITIES.values():
        if entity.sync.scope is None:
            continue
        row = re.search(rf"^\| {entity.sync.policy} \|(.+?)\|", TEXT, re.MULTILINE)
        assert row is not None
        assert entity.name in re.findall(r"\w+", row[1])


def test_the_limits_are_what_the_page_says():
    said = {
        name: int(number.replace(",", ""))
        for name, number in re.findall(r"^\| `(\w+_MAX)` \| ([\d,]+) \|", TEXT, re.MULTILINE)
    }

    assert said == {name: TABLE[name] for name in LIMITS_OF_PHONES}


def test_every_version_is_on_the_page():
    rows = re.findall(r"^\| (\d+) \|(.*?)\|", TEXT, re.MULTILINE)

    assert [int(number) for number, _ in rows[:PROTOCOL]] == list(range(PROTOCOL, 0, -1))
    assert f"version {PROTOCOL}\n" in TEXT
