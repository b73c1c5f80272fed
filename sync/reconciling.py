"""The reconciliation run: page by page over what nothing explains yet, each page decided and written once."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import Database, any_of, fetch, insert_rows, listed
from infra.ids import derived_id
from ledger.matching import BankLine, Decided, Found, decide, tokens
from models.match import MatchKindWord as Kind
from models.match import MatchRuleWord as Rule
from models.match import MatchStateWord as State
from models.reconciliation import Suggestion
from sync.books import post
from sync.match_cases import line_cases, note_book_cases
from sync.matches import (
    MATCHER,
    NoEffect,
    Taken,
    activate,
    fields_of,
    new_match_id,
    wire_item,
)
from sync.money import read_to_the_head
from sync.open_items import CALENDAR_DAYS, candidates
from sync.rounds import known_accounts
from sync.statement_sources import Source

PAGE_LINES = 500
"""Lines in one transaction, so that a phone's push waits only for one of them."""
PASSES_MAX = 6
"""How often the lines that are left are looked at again, while that explains any."""
CALENDAR_DAYS_OF_CHEQUES = 16
"""Calendar days in which ten banking days always lie."""
RIVALS_MAX = 50_000
"""Other lines with the same amounts that are looked at; where there are more, nothing is certain."""
START = ("", "")

Row = Any  # rows of text SQL have no static type


@dataclass
class Reconciled:
    """What one run matched, and how it left the other lines."""

    matched: int = 0
    left: dict[str, Counter[str]] = field(default_factory=dict)
    """Source → how many of its lines were suggested, ambiguous, unmatched or duplicates."""

    def forget_what_is_left(self, source_id: str) -> None:
        self.left[source_id] = Counter()

    def count(self, word: str) -> int:
        return sum(counts[word] for counts in self.left.values())

    @property
    def suggested(self) -> int:
        return self.count("suggested")

    @property
    def ambiguous(self) -> int:
        return self.count("ambiguous")

    @property
    def unmatched(self) -> int:
        return self.count("unmatched")

    @property
    def duplicates(self) -> int:
        return self.count("duplicates")


def reconcile(
    database: Database,
    ibc_id: str,
    *,
    clock: Callable[[], Milliseconds],
    tell: Callable[[int], None] = lambda _lines: None,
    page_lines: int = PAGE_LINES,
) -> Reconciled:
    """Explain what can be explained; running it twice explains nothing twice.

    `tell` is given the number of lines looked at. Memory does not grow with their number.
    """
    post(database, ibc_id, clock())
    done, looked_at = Reconciled(), 0
    for source in _sources(database, ibc_id):
        for _ in range(PASSES_MAX):
            matched, after = done.matched, START
            done.forget_what_is_left(source.id)
            while lines := _open_lines(database, ibc_id, source, after, page_lines):
                _page(database, ibc_id, source, lines, clock(), done)
                after = (lines[-1].booked_on, lines[-1].id)
                looked_at += len(lines)
                tell(looked_at)
            # What was matched leaves fewer candidates, and a cheque that came back explains the
            # line that had credited it: look once more.
            if done.matched == matched:
                break
    database.transact(lambda connection: note_book_cases(connection, ibc_id, clock()))
    return done


def _sources(database: Database, ibc_id: str) -> Sequence[Source]:
    """Agencies first: what they say that they paid is then looked for at the bank."""
    with database.read() as connection:
        return fetch(
            connection,
            "SELECT * FROM statement_sources WHERE ibc_id = :ibc_id AND deleted_at IS NULL "
            "ORDER BY kind, code",
            ibc_id=ibc_id,
        )


def _open_lines(
    database: Database, ibc_id: str, source: Source, after: tuple[str, str], limit: int
) -> list[BankLine]:
    with database.read() as connection:
        return open_lines(
            connection,
            ibc_id,
            source,
            "AND (l.booked_on, l.id) > (:after_on, :after_id) "
            "ORDER BY l.booked_on, l.id LIMIT :most",
            after_on=after[0],
            after_id=after[1],
            most=limit,
        )


def open_lines(
    connection: Connection, ibc_id: str, source: Source, where: str, **parameters: Any
) -> list[BankLine]:
    """Lines of a source that no match holds, as values."""
    found = fetch(
        connection,
        "SELECT l.* FROM statement_lines l JOIN statements t ON t.ibc_id = l.ibc_id "
        "AND t.id = l.statement_id WHERE l.ibc_id = :ibc_id AND l.source_id = :source_id "
        f"AND l.match_id IS NULL {where}",
        ibc_id=ibc_id,
        source_id=source.id,
        **parameters,
    )
    return [line_of(row, source) for row in found]


def line_of(row: Row, source: Source) -> BankLine:
    return BankLine(
        id=row.id,
        booked_on=row.booked_on,
        amount_paisa=row.amount_paisa,
        fee_paisa=row.fee_paisa,
        text=f"{row.reference} {row.narration}",
        account_no=row.account_no,
        txn_id=row.txn_id,
        returned=bool(row.returned),
        from_agency=source.kind == "agency",
        barred=bool(row.barred),
    )


def _page(
    database: Database,
    ibc_id: str,
    source: Source,
    lines: Sequence[BankLine],
    now: Milliseconds,
    done: Reconciled,
) -> None:
    # 1 Decide on one snapshot, without any lock.
    with database.read() as connection:
        decided = _decided(connection, ibc_id, source, lines)
    # 2 Write what is certain; what meets somebody else's is tried singly and left open.
    refused = _write_matches(database, ibc_id, source, decided.matches, now)
    held = {found.line.id for found in decided.matches} - refused
    # 3 Say what is left, and to whom.
    database.transact(lambda c: _say(c, ibc_id, lines, decided, refused, now))
    done.matched += len(held)
    done.left[source.id].update(
        suggested=len({found.line.id for found in decided.suggestions} - set(decided.ambiguous)),
        ambiguous=len(decided.ambiguous),
        duplicates=len(decided.duplicates),
        unmatched=len(decided.unmatched) + len(refused),
    )


def _decided(
    connection: Connection, ibc_id: str, source: Source, lines: Sequence[BankLine]
) -> Decided:
    known = known_accounts(
        connection, ibc_id, sorted({line.account_no for line in lines if line.account_no})
    )
    # An account that is not ours is no account: the payment goes to suspense and is identified.
    ours = [line if line.account_no in known else replace(line, account_no=None) for line in lines]
    decided = decide(
        ours,
        candidates(connection, ibc_id, source, ours),
        tolerance_paisa=source.tolerance_paisa,
    )
    _leave_rivals(connection, ibc_id, source, decided)
    _leave_rejected(connection, ibc_id, decided)
    return decided


def _leave_rivals(connection: Connection, ibc_id: str, source: Source, decided: Decided) -> None:
    """A match of which another line says the same is not certain, on whichever page that line is."""
    named = [found for found in decided.matches if found.rule is not Rule.NO_RECORD]
    named = [found for found in named if not found.line.from_agency]
    if not named:
        return
    first = min(item.on_date for found in named for item in found.items)
    last = max(item.on_date for found in named for item in found.items)
    others = fetch(
        connection,
        "SELECT l.amount_paisa, l.reference, l.narration FROM statement_lines l JOIN statements t "
        "ON t.ibc_id = l.ibc_id AND t.id = l.statement_id WHERE l.ibc_id = :ibc_id "
        "AND l.source_id = :source_id AND l.match_id IS NULL "
        f"AND {any_of(connection, 'l.amount_paisa', 'amounts')} "
        "AND l.booked_on BETWEEN :first AND :last LIMIT :most",
        ibc_id=ibc_id,
        source_id=source.id,
        amounts=listed(connection, sorted({found.line.amount_paisa for found in named})),
        first=first,
        last=(date.fromisoformat(last) + timedelta(days=_days_after(named))).isoformat(),
        most=RIVALS_MAX,
    )
    texts: dict[int, list[str]] = defaultdict(list)
    for row in others:
        texts[row.amount_paisa].append(f"{row.reference} {row.narration}")
    for found in named:
        same = _saying_the_same(found, texts[found.line.amount_paisa])
        if same > 1 or len(others) == RIVALS_MAX:
            decided.matches.remove(found)
            decided.suggestions.append(found)
            decided.ambiguous[found.line.id] = same


def _saying_the_same(found: Found, texts: Sequence[str]) -> int:
    """How many lines of this amount say the same number, itself among them; without one, all do."""
    token = found.evidence.get("token")
    if token is None:
        return len(texts)
    return sum(token in tokens(text) for text in texts if str(token) in text)


def _days_after(matches: Sequence[Found]) -> int:
    """Calendar days in which another line about the same items could come."""
    is_cheque = any(found.kind in (Kind.CLEARED, Kind.RETURNED) for found in matches)
    return CALENDAR_DAYS_OF_CHEQUES if is_cheque else CALENDAR_DAYS


def _leave_rejected(connection: Connection, ibc_id: str, decided: Decided) -> None:
    """What a person has turned down is not suggested again."""
    if not decided.suggestions:
        return
    ids = {suggestion_id(found): found for found in decided.suggestions}
    found = fetch(
        connection,
        "SELECT id FROM suggestions WHERE ibc_id = :ibc_id AND state = 'rejected' "
        f"AND {any_of(connection, 'id', 'ids')}",
        ibc_id=ibc_id,
        ids=listed(connection, list(ids)),
    )
    turned_down = {row.id for row in found}
    if not turned_down:
        return
    lines = {one.line.id: one.line for one in decided.suggestions}
    decided.suggestions = [one for key, one in ids.items() if key not in turned_down]
    left = Counter(one.line.id for one in decided.suggestions)
    for line_id, line in lines.items():
        if not left[line_id]:
            decided.ambiguous.pop(line_id, None)
            decided.unmatched.append(line)


def suggestion_id(found: Found) -> str:
    return derived_id("suggestion", found.line.id, *(item.id for item in found.items))


def _write_matches(
    database: Database,
    ibc_id: str,
    source: Source,
    matches: Sequence[Found],
    now: Milliseconds,
) -> set[str]:
    """Write what is certain, all at once or else one by one; returns the lines that it could not."""
    if not matches:
        return set()
    try:
        database.transact(lambda c: _activate(c, ibc_id, source, matches, now))
    except (Taken, NoEffect):
        if len(matches) == 1:
            return {matches[0].line.id}
    else:
        return set()
    refused: set[str] = set()
    for found in matches:
        refused |= _write_matches(database, ibc_id, source, [found], now)
    return refused


def _activate(
    connection: Connection,
    ibc_id: str,
    source: Source,
    matches: Sequence[Found],
    now: Milliseconds,
) -> None:
    read_to_the_head(connection, ibc_id, now)
    ids = {new_match_id(): found for found in matches}
    activate(
        connection,
        ibc_id,
        {
            match_id: fields_of(found, source, state=State.ACTIVE, maker_id=MATCHER)
            for match_id, found in ids.items()
        },
        {match_id: found.line.booked_on for match_id, found in ids.items()},
        author_id=MATCHER,
        now=now,
    )


def _say(
    connection: Connection,
    ibc_id: str,
    lines: Sequence[BankLine],
    decided: Decided,
    refused: set[str],
    now: Milliseconds,
) -> None:
    """Suggestions and cases of these lines, in the place of those that they had."""
    connection.execute(
        text(
            "DELETE FROM suggestions WHERE ibc_id = :ibc_id AND state = 'open' "
            f"AND {any_of(connection, 'line_id', 'lines')}"
        ),
        {"ibc_id": ibc_id, "lines": listed(connection, [line.id for line in lines])},
    )
    insert_rows(
        connection,
        Suggestion.__table__,
        [_suggestion(ibc_id, n, found, now) for n, found in enumerate(decided.suggestions)],
        on_conflict="ignore",
    )
    by_id: Mapping[str, BankLine] = {line.id: line for line in lines}
    kinds = dict.fromkeys(decided.ambiguous, "AMBIGUOUS")
    kinds |= {line.id: "UNMATCHED_BANK" for line in decided.unmatched}
    kinds |= dict.fromkeys(refused, "UNMATCHED_BANK")
    kinds |= {line.id: "DUPLICATE_TXN" for line in decided.duplicates}
    line_cases(connection, ibc_id, by_id, kinds, decided.ambiguous, now)


def _suggestion(ibc_id: str, rank: int, found: Found, now: Milliseconds) -> dict[str, Any]:
    return {
        "ibc_id": ibc_id,
        "id": suggestion_id(found),
        "line_id": found.line.id,
        "rank": rank,
        "kind": found.kind.value,
        "rule": found.rule.value,
        "evidence": orjson.dumps(dict(found.evidence)).decode(),
        "items": orjson.dumps([wire_item(item) for item in found.items]).decode(),
        "fee_paisa": found.fee_paisa,
        "difference_paisa": found.difference_paisa,
        "state": "open",
        "made_at": now,
        "decided_by": None,
        "decided_at": None,
    }
