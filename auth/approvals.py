"""Who may approve how much: the limits of the roles, as one literal table. Pure."""

from collections.abc import Iterable

from auth.roles import Role

WITHOUT_LIMIT = 10**15
"""More paisa than all bills of the country."""

RECEIPT_KINDS = ("identify", "transfer", "void", "reverse")
RECOVERIES = ("shortage_recovered", "loss_recovered", "difference_recovered")
WRITE_OFFS = ("shortage_written_off", "loss_written_off", "difference_written_off")

S, M, F = Role.SUPERVISOR, Role.IBC_MANAGER, Role.FINANCE

FIRST: dict[str, dict[Role, int]] = {
    **{key: {S: 5000000, M: 100000000, F: WITHOUT_LIMIT} for key in RECEIPT_KINDS},
    **{key: {S: 5000000, M: WITHOUT_LIMIT, F: WITHOUT_LIMIT} for key in RECOVERIES},
    **{key: {M: 50000000} for key in WRITE_OFFS},
    "waiver": {M: 100_000_00, F: WITHOUT_LIMIT},
    "overage_to_income": {F: WITHOUT_LIMIT},
}
"""Kind → role → the most that it approves, in paisa; a role that is not named approves none."""
SECOND: dict[str, dict[Role, int]] = {key: {F: WITHOUT_LIMIT} for key in WRITE_OFFS}
"""The second signature of a write-off."""


class OverLimit(Exception):
    """Your role does not approve this much; ask somebody whose limit is higher."""


def limit_of(roles: Iterable[Role], kind: str, signature: int = 1) -> int:
    """The most paisa that these roles approve of a kind; 0 when they approve none of it."""
    limits = (FIRST if signature == 1 else SECOND).get(kind, {})
    return max((limits.get(role, 0) for role in roles), default=0)
