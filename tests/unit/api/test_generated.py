"""The generated pages are fresh, and nothing that a program uses may be lost from the API."""

import copy

import orjson
import pytest

from api.app import create_app
from api.generated import DOCS, Breaking, entity_table, generated, losses, write_generated
from api.openapi import openapi_document
from infra.settings import Settings
from models import ENTITIES


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    return create_app(
        Settings(
            database_url=f"sqlite:///{folder}/unused.sqlite",
            redis_url=f"unix://{folder}/nobody-listens",
            data_dir=folder,
            secret_key="a secret of the test, thirty-two bytes and more",
        )
    )


@pytest.fixture
def document(app):
    with app.app_context():
        return copy.deepcopy(openapi_document())


def test_nothing_of_the_published_api_is_lost(document):
    published = orjson.loads((DOCS / "openapi-v1.json").read_bytes())

    assert list(losses(published, document)) == []


def test_generated_pages_are_fresh(app):
    with app.app_context():
        pages = generated()

    stale = [name for name, text in pages.items() if (DOCS / name).read_text("utf-8") != text]
    assert stale == [], "run `make docs`"


def lose_a_path(document):
    del document["paths"]["/api/v1/ibcs/{code}/entries"]


def lose_a_method(document):
    del document["paths"]["/api/v1/ibcs/{code}/rounds"]["post"]


def lose_a_field(document):
    del document["components"]["schemas"]["Entry"]["properties"]["memo"]


def lose_a_word(document):
    document["components"]["schemas"]["Round"]["properties"]["state"]["enum"].remove("closed")


def lose_a_parameter(document):
    parameters = document["paths"]["/api/v1/ibcs/{code}/entries"]["get"]["parameters"]
    parameters.remove(next(p for p in parameters if p.get("name") == "kind"))


def change_a_type(document):
    document["components"]["schemas"]["Entry"]["properties"]["seq"]["type"] = "string"


def lose_an_answer(document):
    del document["paths"]["/api/v1/ibcs/{code}/decisions"]["post"]["responses"]["201"]


LOSSES = (
    lose_a_path,
    lose_a_method,
    lose_a_field,
    lose_a_word,
    lose_a_parameter,
    change_a_type,
    lose_an_answer,
)


@pytest.mark.parametrize("lose", LOSSES)
def test_a_loss_is_found(lose, document):
    after = copy.deepcopy(document)
    lose(after)

    assert len(list(losses(document, after))) == 1
    assert list(losses(after, document)) == [] or lose is change_a_type


def test_the_pages_are_not_written_over_a_loss(app, document, tmp_path):
    document["paths"]["/api/v1/old"] = {"get": {}}
    (tmp_path / "openapi-v1.json").write_bytes(orjson.dumps(document))

    with app.app_context(), pytest.raises(Breaking, match="/paths//api/v1/old"):
        write_generated(tmp_path)


def test_the_pages_are_written_whole(app, tmp_path):
    with app.app_context():
        names = write_generated(tmp_path)

    assert names == ["docs/openapi-v1.json", "docs/entities.md"]
    assert (tmp_path / "entities.md").read_text("utf-8") == entity_table()


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.name)
def test_every_entity_is_a_component_with_policy_scope_and_units(entity, document):
    component = document["components"]["schemas"][entity.model.__name__]

    assert component["description"]
    assert component["x-policy"] == entity.sync.policy
    assert component["x-scope"]
    assert set(component["properties"]) == set(entity.header)
    for name, said in component["properties"].items():
        if name.endswith("_paisa"):
            assert (said["type"], said["description"]) == ("integer", "unit: paisa")


def test_no_number_of_the_api_is_a_float(document):
    assert '"number"' not in orjson.dumps(document).decode()


def test_every_operation_says_what_it_is_and_who_may(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            assert operation["summary"], path
            assert operation["security"] == [] or operation["x-permissions"], path
            assert "default" in operation["responses"], path


def test_operations_have_names_of_their_own(document):
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for method, operation in operations.items()
        if method != "parameters"
    ]

    assert len(set(names)) == len(names)
