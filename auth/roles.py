"""Which role may do what, and which roles one person may not hold together."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """The work a person (or a service) does at an IBC (domain manual §6.10)."""

    OFFICER = "officer"
    CASHIER = "cashier"
    RECONCILER = "reconciler"
    SUPERVISOR = "supervisor"
    IBC_MANAGER = "ibc_manager"
    FINANCE = "finance"
    AUDITOR = "auditor"
    CALL_CENTRE_118 = "call_centre_118"
    ADMIN = "admin"
    BILLING_FEED = "billing_feed"


class Permission(StrEnum):
    """One thing that may be done; routes name these, never roles."""

    SYNC = "sync"
    """Push and pull as a device."""
    HANDIN = "handin"
    """Hand in an outbox, one's own or a colleague's."""
    READ_SELF = "read_self"
    READ_POSITION = "read_position"
    """What one consumer owes, and why."""
    READ_ROUNDS = "read_rounds"
    READ_CUSTODY = "read_custody"
    """What each officer holds."""
    READ_BOOKS = "read_books"
    """Entries, balances and trial balance."""
    READ_EXCEPTIONS = "read_exceptions"
    READ_ATTACHMENTS = "read_attachments"
    """Photographs that officers took."""
    READ_CONFLICTS = "read_conflicts"
    """Edits and facts that met: both sides, who and when."""
    RESOLVE_CONFLICT = "resolve_conflict"
    """Claim a case and settle it; where it touches money a second person checks."""
    ASSIGN_CONFLICT = "assign_conflict"
    MAKE_DECISION = "make_decision"
    APPROVE_DECISION = "approve_decision"
    """The second pair of eyes; that maker and checker differ is checked for each decision."""
    HANDLE_CASH = "handle_cash"
    """Take handovers, count, keep a drawer, bring slips to the bank."""
    WATCH_CUSTODY = "watch_custody"
    """Count by surprise, set ceilings, settle disputed counts."""
    CLEAR = "clear"
    """Say what the bank or an agency did with a slip, a cheque or a claim."""
    CLOSE_DAY = "close_day"
    VERIFY_BOOKS = "verify_books"
    """Run the checks of the books now."""
    MANAGE_DEVICES = "manage_devices"
    """Create enrolment codes, revoke devices."""
    READ_FLEET = "read_fleet"
    """The phones: when they were here, what is missing, which receipt numbers they used."""
    REPORT_LOST = "report_lost"
    """Say that a phone is lost or robbed; it is trusted no longer."""
    IMPORT_BILLING = "import_billing"
    READ_STATEMENTS = "read_statements"
    """What banks and agencies sent, and what is matched to it."""
    IMPORT_STATEMENTS = "import_statements"
    """Send in a statement file, and say how a source's files read."""
    RECONCILE = "reconcile"
    """Take or turn down a suggestion, propose a match or the end of one."""
    APPROVE_MATCH = "approve_match"
    """The second pair of eyes for what people match by hand, and for the end of a match."""
    READ_IMPORTS = "read_imports"
    """Which files came from billing and went to it, and the rows that were refused."""
    SETTLE_BILLING = "settle_billing"
    """Send again what billing has rejected."""
    READ_FIGURES = "read_figures"
    SET_TARGET = "set_target"
    """Say what a figure should reach in a month."""
    READ_EVIDENCE = "read_evidence"
    """Everything about one question, in one file for whoever must judge it."""
    MANAGE_ROUNDS = "manage_rounds"
    READ_REQUESTS = "read_requests"
    """What consumers asked for at the door, and what they were answered."""
    ANSWER_REQUEST = "answer_request"
    ASK_OFFICER = "ask_officer"
    """Ask an officer about something that he recorded."""
    SEND_ALERT = "send_alert"
    """Warn officers, or everybody in an area."""
    ISSUE_NOTICE = "issue_notice"
    """Give notice of a cut, and ask for the order."""
    ORDER_CUT = "order_cut"
    """Approve an order to cut that another person asked for."""
    SEE_METRICS = "see_metrics"


P = Permission
CLERKS_DESK = frozenset({P.READ_CONFLICTS, P.RESOLVE_CONFLICT, P.READ_ATTACHMENTS}) | {
    P.READ_REQUESTS,
    P.ANSWER_REQUEST,
    P.ASK_OFFICER,
}
LEADERS_DESK = CLERKS_DESK | {P.ASSIGN_CONFLICT, P.SEND_ALERT, P.ISSUE_NOTICE}
EVERYONE = frozenset({P.HANDIN, P.READ_SELF})

ROLES: dict[Role, frozenset[Permission]] = {
    Role.OFFICER: EVERYONE | {P.SYNC},
    Role.CASHIER: EVERYONE
    | {P.READ_POSITION, P.READ_EXCEPTIONS, P.MAKE_DECISION, P.HANDLE_CASH}
    | CLERKS_DESK,
    Role.RECONCILER: EVERYONE
    | CLERKS_DESK
    | {P.READ_POSITION, P.READ_CUSTODY, P.READ_BOOKS, P.READ_EXCEPTIONS, P.MAKE_DECISION}
    | {P.CLEAR, P.READ_STATEMENTS, P.IMPORT_STATEMENTS, P.RECONCILE},
    Role.SUPERVISOR: EVERYONE
    | LEADERS_DESK
    | {P.READ_POSITION, P.READ_ROUNDS, P.READ_CUSTODY, P.READ_EXCEPTIONS, P.WATCH_CUSTODY}
    | {P.MAKE_DECISION, P.APPROVE_DECISION, P.MANAGE_ROUNDS, P.READ_FLEET, P.REPORT_LOST}
    | {P.READ_FIGURES},
    Role.IBC_MANAGER: EVERYONE
    | LEADERS_DESK
    | {P.ORDER_CUT}
    | {P.READ_POSITION, P.READ_ROUNDS, P.READ_CUSTODY, P.READ_BOOKS, P.READ_EXCEPTIONS}
    | {P.MAKE_DECISION, P.APPROVE_DECISION, P.MANAGE_ROUNDS, P.READ_FLEET, P.REPORT_LOST}
    | {P.READ_FIGURES, P.SET_TARGET, P.READ_EVIDENCE, P.WATCH_CUSTODY}
    | {P.READ_STATEMENTS, P.APPROVE_MATCH},
    Role.FINANCE: EVERYONE
    | {P.READ_POSITION, P.READ_CUSTODY, P.READ_BOOKS, P.READ_EXCEPTIONS}
    | {P.READ_IMPORTS, P.SETTLE_BILLING, P.READ_FIGURES}
    | {P.READ_EVIDENCE, P.CLOSE_DAY, P.VERIFY_BOOKS}
    | {P.MAKE_DECISION, P.APPROVE_DECISION, P.READ_STATEMENTS, P.APPROVE_MATCH},
    Role.AUDITOR: EVERYONE
    | {P.READ_POSITION, P.READ_ROUNDS, P.READ_CUSTODY, P.READ_BOOKS, P.READ_EXCEPTIONS}
    | {P.READ_CONFLICTS, P.READ_ATTACHMENTS, P.SEE_METRICS, P.READ_FLEET, P.READ_IMPORTS}
    | {P.READ_FIGURES, P.READ_EVIDENCE, P.VERIFY_BOOKS, P.READ_STATEMENTS, P.READ_REQUESTS},
    Role.CALL_CENTRE_118: EVERYONE | {P.READ_POSITION, P.REPORT_LOST, P.READ_REQUESTS},
    Role.ADMIN: EVERYONE
    | {P.MANAGE_DEVICES, P.READ_FLEET, P.REPORT_LOST, P.READ_EXCEPTIONS, P.SEE_METRICS},
    Role.BILLING_FEED: frozenset({P.READ_SELF, P.IMPORT_BILLING, P.READ_IMPORTS}),
}

ON_A_PHONE = frozenset({P.SYNC, P.HANDIN, P.READ_SELF})
"""All that a device's token may do, whoever holds the phone: phones get lost."""
ONLY_ON_A_PHONE = frozenset({P.SYNC})
"""What needs an enrolment: the author of a fact is one officer on one phone (ruling 6)."""

MONEY = frozenset(
    {P.READ_CUSTODY, P.READ_BOOKS, P.MAKE_DECISION, P.APPROVE_DECISION, P.IMPORT_BILLING}
    | {P.SETTLE_BILLING}
    | {P.RESOLVE_CONFLICT, P.ASSIGN_CONFLICT}
    | {P.HANDLE_CASH, P.WATCH_CUSTODY, P.CLEAR, P.CLOSE_DAY}
    | {P.IMPORT_STATEMENTS, P.RECONCILE, P.APPROVE_MATCH}
)
"""What an admin, who can make any phone anybody's, must never hold."""

ALONE = frozenset({Role.AUDITOR, Role.ADMIN, Role.BILLING_FEED})
"""Who audits may not do, who hands out keys may not use them, and a service is nobody."""
APART = frozenset(
    {
        # Receive ≠ record ≠ reconcile (domain manual §5, segregation; M16).
        frozenset({Role.OFFICER, Role.CASHIER}),
        frozenset({Role.OFFICER, Role.RECONCILER}),
        frozenset({Role.CASHIER, Role.RECONCILER}),
        # Who approves voids, transfers and write-offs does not take the money.
        frozenset({Role.OFFICER, Role.SUPERVISOR}),
        frozenset({Role.OFFICER, Role.IBC_MANAGER}),
        frozenset({Role.OFFICER, Role.FINANCE}),
        frozenset({Role.CASHIER, Role.SUPERVISOR}),
        frozenset({Role.CASHIER, Role.IBC_MANAGER}),
        frozenset({Role.CASHIER, Role.FINANCE}),
        # The first and the second signature of a write-off.
        frozenset({Role.IBC_MANAGER, Role.FINANCE}),
        # A close is made by other people than those who matched what is closed.
        frozenset({Role.RECONCILER, Role.FINANCE}),
    }
    | {frozenset({alone, other}) for alone in ALONE for other in Role if other != alone}
)
"""Pairs of roles that one person may not hold at one IBC."""

BY_NAME = {role.value: role for role in Role}


def roles_named(words: Iterable[str]) -> frozenset[Role]:
    """The roles a staff card names; a word that is no role gives nothing."""
    return frozenset(BY_NAME[word] for word in words if word in BY_NAME)


def clashes(roles: Iterable[Role]) -> frozenset[frozenset[Role]]:
    """The forbidden pairs among these roles."""
    held = frozenset(roles)
    return frozenset(pair for pair in APART if pair <= held)


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What these roles may do together; roles that may not meet give only what everyone has."""
    held = frozenset(roles)
    if clashes(held):
        return EVERYONE
    return frozenset().union(*(ROLES[role] for role in held))
