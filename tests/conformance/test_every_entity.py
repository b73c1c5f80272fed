"""What every kind of record promises, whoever adds it: parametrized over the registry."""

import dataclasses

import pytest

from infra.ids import new_id
from models import ENTITIES
from models.base import COMMON
from models.declaration import Members, Owner, Policy, Scope
from schemas.records import errors_of, read_schema
from schemas.samples import sample
from tests.building import a_phone, a_put, changes_of, office_write, put_ids, words
from tests.conformance.deeds import (
    MADE_BY_PHONES,
    WRITTEN_BY_PHONES,
    a_deed,
    other_fields,
)
from tests.integration.sync.looking import count, one

every = pytest.mark.parametrize("entity", ENTITIES.values(), ids=ENTITIES)
written = pytest.mark.parametrize("entity", WRITTEN_BY_PHONES, ids=lambda e: e.name)
made = pytest.mark.parametrize("entity", MADE_BY_PHONES, ids=lambda e: e.name)
facts = pytest.mark.parametrize(
    "entity",
    [e for e in MADE_BY_PHONES if e.sync.policy is Policy.FACT],
    ids=lambda e: e.name,
)


@every
def test_its_ibc_comes_first_in_its_key(entity):
    assert [column.name for column in entity.table.primary_key] == ["ibc_id", "id"]


@every
def test_its_table_has_the_common_columns_and_its_fields_and_nothing_else(entity):
    assert {column.name for column in entity.table.columns} == COMMON | set(entity.names)


@every
def test_its_facts_carry_no_foreign_key_and_no_unique_index_that_a_phone_could_break(entity):
    assert not entity.table.foreign_keys
    if entity.owned_by(Owner.DEVICE):
        assert not [index.name for index in entity.table.indexes if index.unique]


@every
def test_its_header_names_what_travels(entity):
    head = ("id", "version", "occurred_at") if entity.has_time else ("id", "version")

    assert entity.header[: len(head)] == head
    assert entity.header[len(head) :] == tuple(
        field.name for field in entity.fields if field.owner is not Owner.STAMP
    )
    assert len(set(entity.header)) == len(entity.header)
    assert set(read_schema(entity)().fields) == set(entity.header)


@every
def test_its_scope_and_its_declared_columns_exist(entity):
    sync = entity.sync
    named = [*sync.claims, *(name for name in (sync.about, sync.money) if name)]

    match sync.scope:
        case Scope():
            assert sync.scope.by in {"id", "ibc_id", *entity.names}
        case Members():
            assert sync.scope.by in entity.names
    assert set(named) <= set(entity.names)
    assert (sync.policy is Policy.STATES) == bool(sync.states)
    if sync.policy is Policy.OFFICE:
        assert not entity.owned_by(Owner.DEVICE)


@written
def test_what_a_phone_writes_reaches_the_officers_other_phone(ibc, phone, second_phone, entity):
    row = a_deed(phone, ibc, entity)

    outcome = phone.push_one(row)
    second_phone.pull_all()

    assert words([outcome]) == ["applied"]
    seen = second_phone.see(entity.name, row["record_id"])
    assert seen["version"] == outcome.version
    assert {name: seen[name] for name in row["fields"]} == row["fields"]
    if entity.has_time and entity in MADE_BY_PHONES:
        assert seen["occurred_at"] == row["occurred_at"]


@written
def test_what_a_phone_reads_has_the_shape_that_its_schema_says(ibc, phone, second_phone, entity):
    phone.push(a_deed(phone, ibc, entity))
    second_phone.pull_all()

    for (name, _), record in second_phone.store.items():
        assert errors_of(read_schema(ENTITIES[name]), record) == {}


@written
def test_it_is_not_echoed_to_its_author(ibc, phone, entity):
    row = a_deed(phone, ibc, entity)
    phone.pull_all()

    phone.push(row)
    pages = phone.pull_all()

    assert row["record_id"] not in put_ids(pages, entity.name)


@written
def test_it_is_sent_to_its_author_who_reads_anew(ibc, phone, entity):
    row = a_deed(phone, ibc, entity)
    phone.push(row)

    anew = dataclasses.replace(phone, cursor=None, epoch=None, store={})
    anew.pull_all(limit=3)

    assert row["record_id"] in anew.has(entity.name)


@written
def test_another_officer_and_another_ibc_never_see_it(
    database, ibc, other_ibc, phone, colleague, entity
):
    stranger = a_phone(database, other_ibc)
    row = a_deed(phone, ibc, entity)
    phone.push(row)

    for other in (colleague, stranger):
        pages = other.pull_all()
        sent = b"".join(page.changes for page in pages).decode()
        assert row["record_id"] not in sent


@written
def test_a_repeat_gets_the_recorded_outcome(database, ibc, phone, entity):
    row = a_deed(phone, ibc, entity)

    first = phone.push_one(row)
    logged = count(database, "mutations")
    again = phone.push_one(row)

    assert again == first._replace(replayed=True)
    assert count(database, "mutations") == logged


@written
def test_the_same_id_with_another_body_is_held_once_per_body(ibc, phone, entity):
    row = a_deed(phone, ibc, entity)
    phone.push(row)
    other = row | {"occurred_at": sample(ENTITIES["verdict"].field["decided_at"].kind)}

    outcomes = [phone.push_one(other), phone.push_one(other)]

    assert words(outcomes) == ["held ID_REUSED"] * 2
    assert [outcome.replayed for outcome in outcomes] == [False, True]


@facts
def test_a_record_id_used_again_for_something_else_is_held(ibc, phone, entity):
    row = a_deed(phone, ibc, entity)
    phone.push(row)

    fields = other_fields(entity, row["fields"])
    reused = phone.put(entity.name, fields, record_id=row["record_id"])

    assert words([phone.push_one(reused)]) == ["held RECORD_REUSED"]


@written
def test_an_unknown_field_is_refused(database, ibc, phone, entity):
    row = a_deed(phone, ibc, entity)
    before = count(database, entity.table.name)
    odd = row | {"id": new_id(), "fields": row["fields"] | {"unheard_of": 1}}

    outcome = phone.push_one(odd)

    assert words([outcome]) == ["held MALFORMED" if entity.sync.money else "rejected"]
    assert outcome.errors == {"unheard_of": "unknown_field"}
    assert count(database, entity.table.name) == before


@written
def test_a_field_of_the_server_is_refused(ibc, phone, entity):
    row = a_deed(phone, ibc, entity)
    foreign = [f for f in entity.fields if f.owner is not Owner.DEVICE]
    names = {field.name: sample(field.kind) for field in foreign}
    names |= {"ibc_id": "CLF", "version": 7, "author_id": new_id(), "deleted_at": 1}

    for name, value in names.items():
        odd = row | {"id": new_id(), "fields": row["fields"] | {name: value}}
        outcome = phone.push_one(odd)
        assert words([outcome]) == ["held MALFORMED" if entity.sync.money else "rejected"], name
        assert outcome.errors == {name: "unknown_field"}


@every
def test_what_only_the_office_writes_a_phone_cannot(phone, entity):
    if entity in WRITTEN_BY_PHONES:
        return
    outcome = phone.push_one(phone.put(entity.name, {}))
    gone = phone.push_one(phone.put(entity.name, {}, op="delete"))

    assert outcome.errors == gone.errors == {"entity": "office_writes_this"}


@every
def test_what_the_office_writes_reaches_who_may_see_it(database, ibc, phone, entity):
    if entity.sync.policy is not Policy.OFFICE or entity.sync.scope is None:
        return
    phone.pull_all()
    links = {
        "account_no": ibc.accounts[0],
        "area_id": ibc.areas[0],
        "device_id": phone.device_id,
        "officer_id": phone.officer_id,
    }
    known = {name: value for name, value in links.items() if name in entity.field}
    record_id = ibc.consumers[0] if entity.name == "consumer" else new_id()

    office_write(database, ibc.code, a_put(entity.name, record_id, **known))
    page = phone.pull()

    assert record_id in [row[0] for row in changes_of(page)[entity.name]["put"]]


@made
def test_it_is_stored_under_the_authors_ibc_and_officer(database, ibc, phone, entity):
    row = a_deed(phone, ibc, entity)
    phone.push(row)

    stored = one(
        database,
        f"SELECT ibc_id, author_id, officer_id, version FROM {entity.table.name} WHERE id = :id",
        id=row["record_id"],
    )

    assert stored == (ibc.code, phone.device_id, phone.officer_id, 1)
