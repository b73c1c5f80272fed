"""What must be true in the evening: plain dictionaries of what payers were shown, and SQL; nothing else."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import orjson
from sqlalchemy import Connection

from infra.database import any_of, fetch, listed
from models import ENTITIES

CASH, CHEQUES, WALLETS, DUE, ADVANCE = 1010, 1030, 1050, 1100, 2010
UNIDENTIFIED, UNCLEARED = 2090, 2110
SHOWN_MAX = 5
"""How many of the differences of one kind are printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One mutation as a phone froze it."""

    device_id: str
    mutation_id: str
    body_hash: str
    entity: str

    @property
    def name(self) -> tuple[str, str]:
        """What it is called in the log: an id, and its bytes."""
        return self.mutation_id, self.body_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A receipt as its payer holds it."""

    record_id: str
    receipt_no: str
    device_id: str
    officer_id: str
    date: str
    """On the payer's calendar."""
    account_no: str | None
    known: bool
    """Whether the office has such an account."""
    tender: str
    amount_paisa: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Log and books at one moment."""

    log_seq: int
    entry_seq: int
    balances: Mapping[int, int]
    """Account code → debits less credits."""
    cash: Mapping[str, int]
    """Custody session → its 1010."""
    due: Mapping[str, int]
    """Account number → its 1100."""


@dataclass(slots=True)
class Notebook:
    """Everything that the officers did today, written down beside the phones; threads share it."""

    facts: list[Fact] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    reused: list[int] = field(default_factory=list)
    """Amounts in payloads that came under the id of another."""
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    """The outcome that the phone was told, by the fact's name."""
    lost_devices: set[str] = field(default_factory=set)
    """Phones that were reported lost."""
    lost_facts: list[Fact] = field(default_factory=list)
    """What was on them and had not arrived; `set_aside` takes it out of the day's facts."""
    lost_receipts: list[Shown] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def note(self, fact: Fact, shown: Shown | None = None) -> None:
        with self.lock:
            self.facts.append(fact)
            if shown is not None:
                self.shown.append(shown)


@dataclass(slots=True, kw_only=True)
class Figures:
    """The table of the evening, and everything that is wrong with it."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(entity, outcome with its code) → facts."""
    cash: list[tuple[str, int, int, int]] = field(default_factory=list)
    """(session, receipts, paisa shown to payers, paisa in custody)."""
    lines: list[tuple[str, int, int]] = field(default_factory=list)
    """(what, by the dictionary, by SQL)."""
    held: list[tuple[str, str, int, int, int]] = field(default_factory=list)
    """(code, why, facts, paisa by the dictionary, paisa in the log)."""
    entries: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def compare(self, what: str, expected: int, found: int) -> None:
        self.lines.append((what, expected, found))
        if expected != found:
            self.wrong.append(f"{what}: {expected} by the dictionary, {found} by SQL")

    def blame(self, what: str, which: Iterable[Any]) -> None:
        """Something is wrong with each of these."""
        found = list(which)
        if found:
            few = ", ".join(str(one) for one in found[:SHOWN_MAX])
            more = f" and {len(found) - SHOWN_MAX} more" if len(found) > SHOWN_MAX else ""
            self.wrong.append(f"{what}: {few}{more}")


HELD_WHY = {
    "UNKNOWN_ACCOUNT": "payer or account not known: in suspense (2090)",
    "ID_REUSED": "another payload under an old id: no entry, claimed",
}


def standing(connection: Connection, ibc_id: str) -> Standing:
    """Read the log's and the books' place, and the balances that the day will move."""
    heads = fetch(
        connection,
        "SELECT l.seq, b.entry_seq FROM log_heads l JOIN books_offsets b ON b.ibc_id = l.ibc_id "
        "WHERE l.ibc_id = :ibc_id",
        ibc_id=ibc_id,
    )
    return Standing(
        log_seq=heads[0].seq,
        entry_seq=heads[0].entry_seq,
        balances={code: paisa for (code,), paisa in _balances(connection, ibc_id, "account_code")},
        cash={of: paisa for (of,), paisa in _balances(connection, ibc_id, "account_of", CASH)},
        due={of: paisa for (of,), paisa in _balances(connection, ibc_id, "account_of", DUE)},
    )


def books_are_at_the_head(connection: Connection, ibc_id: str) -> bool:
    """Whether the books have read every row of the log that is not their own."""
    rows = fetch(
        connection,
        "SELECT b.log_seq, (SELECT max(seq) FROM mutations m WHERE m.ibc_id = b.ibc_id "
        "AND m.origin <> 'books') AS last FROM books_offsets b WHERE b.ibc_id = :ibc_id",
        ibc_id=ibc_id,
    )
    return bool(rows) and rows[0].log_seq >= rows[0].last


def set_aside(
    connection: Connection,
    ibc_id: str,
    notebook: Notebook,
    device_id: str,
    report: Mapping[str, Any],
) -> list[str]:
    """Take what a lost phone had not sent out of the day; returns what the report does not explain.

    A receipt that its payer holds and that never arrived must be a number that the report names:
    a gap below the last that arrived, or one of those after it. A fact of which the phone was told
    is never set aside.
    """
    rows = fetch(
        connection,
        "SELECT id, body_hash, record_id, outcome FROM mutations "
        "WHERE ibc_id = :ibc_id AND author_id = :device_id AND of_id IS NULL",
        ibc_id=ibc_id,
        device_id=device_id,
    )
    arrived = {(row.id, row.body_hash): row.outcome for row in rows}
    notebook.lost_devices.add(device_id)
    notebook.lost_facts = [
        fact
        for fact in notebook.facts
        if fact.device_id == device_id
        and fact.name not in arrived
        and fact.name not in notebook.told
    ]
    for name, outcome in arrived.items():
        notebook.told.setdefault(name, outcome)  # its answer was lost with the phone
    gone = {fact.name for fact in notebook.lost_facts}
    notebook.facts = [fact for fact in notebook.facts if fact.name not in gone]
    own = [one for one in notebook.shown if one.device_id == device_id]
    kept = {row.record_id for row in rows}
    notebook.lost_receipts = [one for one in own if one.record_id not in kept]
    notebook.shown = [one for one in notebook.shown if one not in notebook.lost_receipts]
    missing = {one.receipt_no for one in notebook.lost_receipts}
    wrong = [
        f"the report does not name {number} of the lost phone as missing"
        for number in sorted(missing)
        if not _is_named(number, report)
    ]
    return wrong + [
        f"the report names {one.receipt_no} as missing, and it has arrived"
        for one in own
        if one.receipt_no not in missing and _is_named(one.receipt_no, report)
    ]


def _is_named(receipt_no: str, report: Mapping[str, Any]) -> bool:
    """Whether a lost-phone report says that this number may be on paper outside."""
    prefix, _, serial = receipt_no.rpartition("-")
    for block in report["blocks"]:
        if block["prefix"] == prefix:
            spans = [[last.rpartition("-")[2] for last in gap] for gap in block["missing"]]
            in_gap = any(int(first) <= int(serial) <= int(last) for first, last in spans)
            last_used = (block["last_used"] or f"{prefix}-0").rpartition("-")[2]
            return in_gap or int(serial) > int(last_used)
    return False


def audit(
    connection: Connection, ibc_id: str, notebook: Notebook, before: Standing, after: Standing
) -> Figures:
    """Compare the notebook with the log and the books."""
    figures = Figures()
    log = _logged(connection, ibc_id, notebook, before)
    _audit_facts(figures, notebook, log)
    _audit_released(figures, connection, ibc_id, notebook, log)
    _audit_receipts(figures, connection, ibc_id, notebook, before)
    _audit_cash(figures, notebook, before, after)
    _audit_accounts(figures, notebook, before, after)
    _audit_allocations(figures, connection, ibc_id, before, after)
    _audit_held(figures, notebook, log)
    _audit_entries(figures, connection, ibc_id, before)
    return figures


def _logged(
    connection: Connection, ibc_id: str, notebook: Notebook, before: Standing
) -> Sequence[Any]:
    """What today's phones have in the log; a release is a later fate and no fact."""
    return fetch(
        connection,
        "SELECT id, body_hash, author_id, entity, outcome, code, body FROM mutations "
        "WHERE ibc_id = :ibc_id AND seq > :seq AND origin = 'device' AND of_id IS NULL "
        f"AND {any_of(connection, 'author_id', 'devices')} ORDER BY seq",
        ibc_id=ibc_id,
        seq=before.log_seq,
        devices=listed(connection, sorted({fact.device_id for fact in notebook.facts})),
    )


def _audit_facts(figures: Figures, notebook: Notebook, log: Sequence[Any]) -> None:
    """Every fact is in the log exactly once, and its phone was told what the log says."""
    recorded = Counter(fact.name for fact in notebook.facts)
    logged = Counter((row.id, row.body_hash) for row in log)
    figures.compare("facts recorded and logged", len(notebook.facts), len(log))
    figures.blame("facts missing in the log", recorded - logged)
    figures.blame("facts in the log that no phone recorded, or twice", logged - recorded)
    for row in log:
        word = f"{row.outcome} {row.code}" if row.code else row.outcome
        figures.outcomes[(row.entity, word)] += 1
    figures.blame(
        "facts that should stand and do not",
        [
            f"{row.entity} {row.id} {row.outcome} {row.code}"
            for row in log
            if row.outcome in ("rejected", "conflict")
        ],
    )
    figures.blame(
        "outcomes that the phone was not told, or told otherwise",
        [
            f"{row.id}: {notebook.told.get((row.id, row.body_hash))}, logged {row.outcome}"
            for row in log
            if notebook.told.get((row.id, row.body_hash)) != row.outcome
        ],
    )


def _audit_released(
    figures: Figures,
    connection: Connection,
    ibc_id: str,
    notebook: Notebook,
    log: Sequence[Any],
) -> None:
    """What waited for a late fact was released when that came; on a lost phone it may wait on."""
    waited = [
        row.id
        for row in log
        if row.outcome == "waiting" and row.author_id not in notebook.lost_devices
    ]
    released = fetch(
        connection,
        f"SELECT of_id FROM mutations WHERE ibc_id = :ibc_id AND {any_of(connection, 'of_id', 'ids')}",
        ibc_id=ibc_id,
        ids=listed(connection, waited),
    )
    figures.blame("still waiting", set(waited) - {row.of_id for row in released})


def _audit_receipts(
    figures: Figures, connection: Connection, ibc_id: str, notebook: Notebook, before: Standing
) -> None:
    """Each receipt is one entry with exactly its amount."""
    rows = fetch(
        connection,
        "SELECT e.source_id, count(DISTINCT e.seq) AS entries, sum(p.amount_paisa) AS paisa "
        "FROM entries e JOIN postings p ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq "
        "WHERE e.ibc_id = :ibc_id AND e.seq > :seq AND e.source_entity = 'collection' "
        "AND p.side = 'D' GROUP BY e.source_id",
        ibc_id=ibc_id,
        seq=before.entry_seq,
    )
    posted = {row.source_id: (row.entries, int(row.paisa)) for row in rows}
    shown = {one.record_id: (1, one.amount_paisa) for one in notebook.shown}
    figures.compare(
        "receipts shown and posted, paisa",
        sum(paisa for _, paisa in shown.values()),
        sum(paisa for _, paisa in posted.values()),
    )
    figures.compare("receipts shown and posted", len(shown), len(posted))
    figures.blame(
        "receipts not posted once with their amount",
        [
            f"{one.receipt_no} Rs {one.amount_paisa / 100:,.2f}: {posted.get(one.record_id)}"
            for one in notebook.shown
            if posted.get(one.record_id) != (1, one.amount_paisa)
        ],
    )
    figures.blame("entries of receipts that nobody was shown", set(posted) - set(shown))
    numbers = Counter(one.receipt_no for one in notebook.shown)
    figures.blame("receipt numbers printed twice", [no for no, n in numbers.items() if n > 1])


def _audit_cash(figures: Figures, notebook: Notebook, before: Standing, after: Standing) -> None:
    """What payers gave each officer is what the books hold him answerable for."""
    taken: dict[str, list[int]] = defaultdict(list)
    for one in notebook.shown:
        if one.tender == "cash":
            taken[f"{one.officer_id}/{one.date}"].append(one.amount_paisa)
    moved = {
        session: after.cash.get(session, 0) - before.cash.get(session, 0)
        for session in {*after.cash, *before.cash}
    }
    for session in sorted({*taken, *(session for session, paisa in moved.items() if paisa)}):
        amounts = taken.get(session, [])
        figures.cash.append((session, len(amounts), sum(amounts), moved.get(session, 0)))
    figures.blame(
        "custody differs from the receipts",
        [
            f"{session}: {shown} shown, {held} held"
            for session, _, shown, held in figures.cash
            if shown != held
        ],
    )


def _audit_accounts(
    figures: Figures, notebook: Notebook, before: Standing, after: Standing
) -> None:
    """The dictionary's sums, account by account."""

    def shown(*tenders: str, known: tuple[bool, ...] = (True, False)) -> int:
        return sum(
            one.amount_paisa
            for one in notebook.shown
            if one.tender in tenders and one.known in known
        )

    def moved(code: int) -> int:
        return after.balances.get(code, 0) - before.balances.get(code, 0)

    paid: Counter[str] = Counter()
    for one in notebook.shown:
        if one.tender == "cash" and one.known and one.account_no:
            paid[one.account_no] += one.amount_paisa
    to_bills = sum(min(paisa, before.due.get(account, 0)) for account, paisa in paid.items())

    figures.compare("1010 cash with officers", shown("cash"), moved(CASH))
    figures.compare("1030 cheques in hand", shown("cheque", "pay_order"), moved(CHEQUES))
    figures.compare("1050 wallet claims", shown("wallet"), moved(WALLETS))
    uncleared = shown("cheque", "pay_order", "wallet")
    figures.compare("2110 uncleared = cheques + wallet", uncleared, -moved(UNCLEARED))
    figures.compare("2090 unidentified", shown("cash", known=(False,)), -moved(UNIDENTIFIED))
    figures.compare("1100 receivable, before − after", to_bills, -moved(DUE))
    advance = shown("cash", known=(True,)) - to_bills
    figures.compare("2010 advance", advance, -moved(ADVANCE))
    figures.compare("all balances together", 0, sum(after.balances.values()))


def _audit_allocations(
    figures: Figures, connection: Connection, ibc_id: str, before: Standing, after: Standing
) -> None:
    """Receivable before − after = allocated."""
    rows = fetch(
        connection,
        "SELECT coalesce(sum(amount_paisa), 0) AS paisa FROM allocations WHERE ibc_id = :ibc_id "
        "AND entry_seq > :seq AND invoice_no <> ''",
        ibc_id=ibc_id,
        seq=before.entry_seq,
    )
    fallen = before.balances.get(DUE, 0) - after.balances.get(DUE, 0)
    figures.compare("receivable before − after = allocated", fallen, int(rows[0].paisa))


def _audit_held(figures: Figures, notebook: Notebook, log: Sequence[Any]) -> None:
    """What is held is what had to be held, and no more."""
    unknown = [one.amount_paisa for one in notebook.shown if not one.known]
    expected = {"UNKNOWN_ACCOUNT": unknown, "ID_REUSED": notebook.reused}
    found: dict[str, list[int]] = defaultdict(list)
    for row in log:
        if row.outcome == "held":
            said = orjson.loads(row.body)["fields"]
            found[row.code].append(said.get("amount_paisa", 0))
    for code in sorted({*found, *expected}):
        amounts, wanted = found.get(code, []), expected.get(code, [])
        why = HELD_WHY.get(code, "not expected today")
        figures.held.append((code, why, len(amounts), sum(wanted), sum(amounts)))
        if sorted(amounts) != sorted(wanted):
            figures.wrong.append(f"held {code}: {sorted(wanted)} expected, {sorted(amounts)} found")


def _audit_entries(figures: Figures, connection: Connection, ibc_id: str, before: Standing) -> None:
    rows = fetch(
        connection,
        "SELECT kind, count(*) AS n FROM entries WHERE ibc_id = :ibc_id AND seq > :seq "
        "GROUP BY kind ORDER BY kind",
        ibc_id=ibc_id,
        seq=before.entry_seq,
    )
    figures.kinds.update({row.kind: row.n for row in rows})
    figures.entries = sum(figures.kinds.values())


def scope_of(
    connection: Connection, ibc_id: str, device_id: str, officer_id: str
) -> dict[tuple[str, str], dict[str, Any]]:
    """Every record that this phone may see, as the feed has it."""
    rows = fetch(
        connection,
        "SELECT f.entity, f.record_id, f.body FROM feed f JOIN grants g "
        "ON g.ibc_id = f.ibc_id AND g.scope = f.scope "
        "WHERE g.ibc_id = :ibc_id AND g.holder IN (:device, :officer) AND g.state = 'held' "
        "AND f.body IS NOT NULL",
        ibc_id=ibc_id,
        device=f"device:{device_id}",
        officer=f"officer:{officer_id}",
    )
    return {
        (row.entity, row.record_id): dict(
            zip(ENTITIES[row.entity].header, orjson.loads(row.body), strict=True)
        )
        for row in rows
    }


def differences(
    phone: Mapping[tuple[str, str], Mapping[str, Any]],
    scope: Mapping[tuple[str, str], Mapping[str, Any]],
) -> list[str]:
    """Where a phone's store is not its scope; what is null and what is not said are one."""
    found = [f"{name} is missing on the phone" for name in scope.keys() - phone.keys()]
    found += [f"{name} should not be on the phone" for name in phone.keys() - scope.keys()]
    for name in scope.keys() & phone.keys():
        here, there = _said(phone[name]), _said(scope[name])
        if here != there:
            fields = sorted(k for k in {*here, *there} if here.get(k) != there.get(k))
            found.append(f"{name} differs in {', '.join(fields)}")
    return found


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _balances(
    connection: Connection, ibc_id: str, by: str, code: int | None = None
) -> list[tuple[tuple[Any, ...], int]]:
    """Debits less credits, grouped."""
    where = "" if code is None else "AND account_code = :code"
    rows = fetch(
        connection,
        f"SELECT {by}, sum(CASE side WHEN 'D' THEN amount_paisa ELSE -amount_paisa END) AS paisa "
        f"FROM postings WHERE ibc_id = :ibc_id {where} GROUP BY {by}",
        ibc_id=ibc_id,
        **({} if code is None else {"code": code}),
    )
    return [(tuple(row[:-1]), int(row.paisa)) for row in rows]
