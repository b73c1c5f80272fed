"""Every route says who may call it, and holds to it."""

import pytest

from auth.access import mark_of
from auth.roles import ONLY_ON_A_PHONE, ROLES, Permission, Role, permissions_of
from infra.ids import new_id

ANYWHERE = {
    "schema_version": 1,
    "code": "DEF",
    "account_no": "0400000000001",
    "entity": "bill",
    "name": "collected",
    "file_no": 1,
}


def routes(app):
    """(method, address, mark) of every route, with the parts of the address filled in."""
    for rule in app.url_map.iter_rules():
        with app.test_request_context():
            parts = {name: ANYWHERE.get(name, new_id()) for name in rule.arguments}
            address = app.url_map.bind("").build(rule.endpoint, parts)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, address, mark_of(app.view_functions[rule.endpoint])


def test_every_route_carries_a_mark(app):
    unmarked = [address for _, address, mark in routes(app) if mark is None]

    assert unmarked == []


def test_every_permission_opens_some_route(app):
    used = {permission for _, _, mark in routes(app) for permission in mark.needed}

    # Metrics are open on loopback.
    assert set(Permission) - used == {Permission.SEE_METRICS}


def test_without_a_token_nothing_answers_but_what_is_public(app, client, ibc):
    for method, address, mark in routes(app):
        if mark.needed:
            answer = client.open(address, method=method)
            assert (answer.status_code, address) == (401, address)
            assert answer.content_type == "application/problem+json"
            assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("role", Role)
def test_a_role_without_the_permission_is_forbidden_everywhere(role, app, client, desk, ibc):
    person = desk(role)
    may = permissions_of([role]) - ONLY_ON_A_PHONE
    headers = {"Authorization": f"Bearer {person.token}"}

    for method, address, mark in routes(app):
        if not mark.needed:
            continue
        answer = client.open(address, method=method, headers=headers)
        forbidden = answer.status_code == 403 and answer.json["type"] == "/problems/forbidden"
        assert (forbidden, method, address) == (not mark.needed <= may, method, address)


def test_the_roles_of_the_table_are_the_roles_there_are():
    assert set(ROLES) == set(Role)


def test_no_right_reaches_another_ibc(app, client, desk, two_ibcs):
    manager = desk("ibc_manager", "DEF")
    headers = {"Authorization": f"Bearer {manager.token}"}

    for method, address, mark in routes(app):
        if "/ibcs/DEF/" not in address or not mark.needed:
            continue
        answers = [
            client.open(address.replace("/DEF/", f"/{code}/"), method=method, headers=headers)
            for code in ("CLF", "XXX")
        ]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].data == answers[1].data


def test_what_is_anothers_looks_like_what_does_not_exist(desk, two_ibcs, database):
    manager = desk("ibc_manager", "DEF")
    with database.read() as connection:
        seen = connection.exec_driver_sql(
            "SELECT id FROM mutations WHERE ibc_id = 'CLF' AND entity = 'collection'"
        ).scalars()
        mutation_id = next(iter(seen))

    for theirs, nothing in (
        (f"/consumers/{two_ibcs.accounts[0]}/position", "/consumers/0999999999999/position"),
        (f"/rounds/{two_ibcs.round_id}/stops", f"/rounds/{new_id()}/stops"),
        (f"/mutations/{mutation_id}", f"/mutations/{new_id()}"),
    ):
        answers = [manager.get(theirs), manager.get(nothing)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].data == answers[1].data


LISTS = (
    "/consumers?q=07",
    "/consumers?q=Consumer",
    "/rounds",
    "/custody",
    "/balances",
    "/entries",
    "/exceptions",
    "/decisions",
    "/conflicts",
)


@pytest.mark.parametrize("path", LISTS)
def test_no_list_shows_a_row_of_another_ibc(path, desk, two_ibcs, database):
    rows = desk("ibc_manager", "DEF").get(path).text

    theirs = [*two_ibcs.accounts, *two_ibcs.officers, two_ibcs.round_id, "Z9-", "CLF"]
    assert not [word for word in theirs if word in rows]
