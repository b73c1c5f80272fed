"""The journal templates for what a person decided: identify, transfer, void, reverse."""

from collections.abc import Callable, Sequence

from ledger.accounts import CREDIT, DEBIT, UNCLEARED, UNIDENTIFIED
from ledger.custody import make_room
from ledger.draft import Draft, Leg, Share
from ledger.page import Posted, consumer_legs, enter, mirrored_shares, pay, take_back
from ledger.templates import settle
from ledger.tenders import show_tender, tender_of
from ledger.view import Books

Template = Callable[[Books, Posted, str, list[Draft]], None]

MOVES = frozenset(
    {
        "collection_cash",
        "collection_suspense",
        "collection_cheque",
        "collection_wallet",
        "cheque_cleared",
        "claim_confirmed",
        "identified",
        "transferred",
    }
)
"""Kinds that put money to somebody's account; advances are applied anew by normal form."""
UNDOABLE = MOVES | {"cheque_handed_over"}
UNDOABLE_STATES = frozenset({"in_hand", "handed_over", "claimed"})
"""A tender that the bank has had is undone by the bank's word, not by ours."""
ENDED_STATES = frozenset({"returned", "refused", "cancelled"})


def decision(books: Books, posted: Posted) -> None:
    """Only what one person proposed and another approved posts (M16); all else is said aloud."""
    row = posted.row
    fields = row.fields
    if row.outcome != "applied" or row.op != "put" or fields.get("state") != "approved":
        return
    collection_id = row.collection_id
    history = books.history.get(collection_id or "", [])
    if any(entry.memo == row.record_id for entry in history):
        return
    if not fields.get("checker_id") or fields["checker_id"] == fields.get("maker_id"):
        posted.trouble("MAKER_IS_CHECKER", "a decision about money needs a second person")
        return
    live = live_entries(history)
    if collection_id is None or not live:
        why = "was undone before" if history else "is not in the books"
        posted.trouble("DECISION_WITHOUT_EFFECT", f"collection {collection_id} {why}")
        return
    past = tender_objection(str(fields.get("kind")), history)
    if past is not None:
        posted.trouble("DECISION_WITHOUT_EFFECT", f"collection {collection_id}: {past}")
        return
    template = TEMPLATES.get(str(fields.get("kind")))
    if template is None:
        posted.trouble("DECISION_WITHOUT_EFFECT", f"no template for {fields.get('kind')!r}")
        return
    template(books, posted, collection_id, live)


def live_entries(history: Sequence[Draft], kinds: frozenset[str] = MOVES) -> list[Draft]:
    """The collection's entries that nothing has reversed, oldest first."""
    reversed_seqs = {entry.reverses_seq for entry in history}
    return [entry for entry in history if entry.kind in kinds and entry.seq not in reversed_seqs]


def tender_objection(kind: str, history: Sequence[Draft]) -> str | None:
    """Why a cheque or claim is past deciding on, as a message key; None when it is not. Pure."""
    tender = tender_of(history)
    if tender is None:
        return None
    if kind in ("void", "reverse"):
        return None if tender.state in UNDOABLE_STATES else "the_bank_has_it"
    return "tender_has_ended" if tender.state in ENDED_STATES else None


def identify(books: Books, posted: Posted, collection_id: str, live: list[Draft]) -> None:
    """Money in suspense, or a tender of unknown account, becomes the consumer's."""
    to = _to_account(posted)
    credit = live[-1].legs[-1]
    if to is None or credit.of != collection_id or credit.side != CREDIT:
        posted.trouble("DECISION_WITHOUT_EFFECT", f"collection {collection_id} is not in suspense")
        return
    amount = credit.amount_paisa
    shares = pay(books, to, amount) if credit.code == UNIDENTIFIED else []
    legs = [credit.mirrored(), *(consumer_legs(to, shares) or [Leg(UNCLEARED, to, CREDIT, amount)])]
    _enter(books, posted, "identified", collection_id, legs=legs, shares=shares)
    posted.touched.add(to)
    posted.states[collection_id] = "posted"
    if tender_of(live) is not None:
        show_tender(books, posted, collection_id)
    posted.settled[collection_id] = "identify"


def transfer(books: Books, posted: Posted, collection_id: str, live: list[Draft]) -> None:
    """The wrong consumer was credited: move it to the right one; cash is untouched."""
    to = _to_account(posted)
    last = live[-1]
    credit = last.legs[-1]
    held_under = credit.of
    if to is None or held_under in (to, collection_id) or credit.side != CREDIT:
        posted.trouble("DECISION_WITHOUT_EFFECT", f"collection {collection_id} cannot go to {to}")
        return
    shares: list[Share] = []
    if credit.code == UNCLEARED:
        legs = [credit.mirrored(), Leg(UNCLEARED, to, CREDIT, credit.amount_paisa)]
    else:
        credited = [share for share in last.shares if share.amount_paisa > 0]
        back = take_back(books, held_under, credited)
        forth = pay(books, to, -sum(share.amount_paisa for share in back))
        legs = [*consumer_legs(held_under, back), *consumer_legs(to, forth)]
        shares = [*back, *forth]
    entry = _enter(books, posted, "transferred", collection_id, legs=legs, shares=shares)
    for account_no in (held_under, to):
        settle(books, posted, account_no, entry.seq)
    posted.states[collection_id] = "transferred"
    posted.tenders.add(collection_id)
    posted.settled[collection_id] = "transfer"


def undo(books: Books, posted: Posted, collection_id: str, live: list[Draft]) -> None:
    """The receipt never happened: mirror every entry that stands, the newest first (M6)."""
    accounts: list[str] = []
    last_seq = 0
    live = live_entries(books.history[collection_id], UNDOABLE)
    for n, entry in enumerate(reversed(live)):
        shares = mirrored_shares(books, entry)
        legs = [leg.mirrored() for leg in entry.legs if leg.code not in (1100, 2010)]
        for account_no in dict.fromkeys(share.account_no for share in shares):
            own = [share for share in shares if share.account_no == account_no]
            legs.extend(consumer_legs(account_no, own))
        accounts.extend(leg.of for leg in entry.legs if leg.code in (1100, 2010, UNCLEARED))
        make_room(books, posted, legs)
        last_seq = _enter(
            books,
            posted,
            "reversed",
            collection_id,
            legs=legs,
            shares=shares,
            key=f":{n}",
            reverses=entry.seq,
        ).seq
    for account_no in dict.fromkeys(accounts):
        settle(books, posted, account_no, last_seq)
    is_void = posted.row.fields["kind"] == "void"
    posted.states[collection_id] = "void" if is_void else "reversed"
    posted.tenders.add(collection_id)
    posted.settled[collection_id] = str(posted.row.fields["kind"])


def _enter(
    books: Books,
    posted: Posted,
    kind: str,
    collection_id: str,
    *,
    legs: list[Leg],
    shares: list[Share],
    key: str = "",
    reverses: int | None = None,
) -> Draft:
    debits_first = sorted(legs, key=lambda leg: leg.side != DEBIT)
    return enter(
        books,
        posted,
        kind,
        debits_first,
        shares,
        source=("collection", collection_id),
        key=key,
        reverses_seq=reverses,
        memo=posted.row.record_id,
    )


def _to_account(posted: Posted) -> str | None:
    to = posted.row.fields.get("to_account_no")
    return to if isinstance(to, str) else None


TEMPLATES: dict[str, Template] = {
    "identify": identify,
    "transfer": transfer,
    "void": undo,
    "reverse": undo,
}
"""The kind of a decision → what it posts; a `receipt_void` of a phone only asks for one."""
