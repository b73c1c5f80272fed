"""Who may do what, and who may not be two people at once, as tables."""

from itertools import combinations

import pytest

from auth.roles import (
    APART,
    EVERYONE,
    MONEY,
    ROLES,
    Permission,
    Role,
    clashes,
    permissions_of,
    roles_named,
)

TOGETHER = {
    # The only pairs that one person may hold at one IBC; everything else must stay apart.
    frozenset({Role.OFFICER, Role.CALL_CENTRE_118}),
    frozenset({Role.CASHIER, Role.CALL_CENTRE_118}),
    frozenset({Role.RECONCILER, Role.SUPERVISOR}),
    frozenset({Role.RECONCILER, Role.IBC_MANAGER}),
    frozenset({Role.RECONCILER, Role.CALL_CENTRE_118}),
    frozenset({Role.SUPERVISOR, Role.IBC_MANAGER}),
    frozenset({Role.SUPERVISOR, Role.FINANCE}),
    frozenset({Role.SUPERVISOR, Role.CALL_CENTRE_118}),
    frozenset({Role.IBC_MANAGER, Role.CALL_CENTRE_118}),
    frozenset({Role.FINANCE, Role.CALL_CENTRE_118}),
}


@pytest.mark.parametrize("pair", [frozenset(pair) for pair in combinations(Role, 2)], ids=sorted)
def test_every_pair_of_roles_is_either_apart_or_together(pair):
    assert (pair in APART) is not (pair in TOGETHER)


def test_every_role_has_a_row():
    assert set(ROLES) == set(Role)


def test_every_permission_is_held_by_some_role():
    assert frozenset().union(*ROLES.values()) == set(Permission)


def test_an_admin_has_no_money_rights():
    assert not ROLES[Role.ADMIN] & MONEY


def test_an_auditor_reads_everything_but_decides_nothing():
    reads = {permission for permission in Permission if permission.startswith("read_")}

    assert reads <= ROLES[Role.AUDITOR]
    assert not ROLES[Role.AUDITOR] & {
        Permission.MAKE_DECISION,
        Permission.APPROVE_DECISION,
        Permission.RESOLVE_CONFLICT,
        Permission.ASSIGN_CONFLICT,
    }


def test_who_sits_at_the_desk_and_who_hands_out_its_work():
    def holders(permission):
        return {role for role, held in ROLES.items() if permission in held}

    leaders = {Role.SUPERVISOR, Role.IBC_MANAGER}
    assert holders(Permission.ASSIGN_CONFLICT) == leaders
    assert holders(Permission.RESOLVE_CONFLICT) == leaders | {Role.CASHIER, Role.RECONCILER}
    assert holders(Permission.READ_CONFLICTS) == holders(Permission.RESOLVE_CONFLICT) | {
        Role.AUDITOR
    }


def test_only_officers_sync_and_only_admins_manage_devices():
    def holders(permission):
        return {role for role, held in ROLES.items() if permission in held}

    assert holders(Permission.SYNC) == {Role.OFFICER}
    assert holders(Permission.MANAGE_DEVICES) == {Role.ADMIN}
    assert holders(Permission.IMPORT_BILLING) == {Role.BILLING_FEED}


def test_roles_that_clash_give_only_what_everyone_has():
    assert permissions_of({Role.CASHIER, Role.RECONCILER}) == EVERYONE
    assert clashes({Role.CASHIER, Role.RECONCILER}) == {frozenset({Role.CASHIER, Role.RECONCILER})}


def test_a_word_that_is_no_role_gives_nothing():
    assert roles_named(["officer", "root", "ADMIN"]) == {Role.OFFICER}


def test_nobody_without_a_role_may_do_anything():
    assert permissions_of([]) == frozenset()
