"""What a log row does to the books: pure, the same code for following, rebuilding and shuffling."""

from ledger.custody import settle_session
from ledger.log_row import LogRow
from ledger.page import Posted
from ledger.rules import RULES, posts
from ledger.templates import named_account
from ledger.view import Books


def post(books: Books, row: LogRow) -> Posted:
    """Apply the rule of (origin, entity); the view moves on, the page says what to write.

    Errors: Unbalanced and DrivenBelowZero when the rules themselves are wrong; such a row is
    counted and parked by whoever calls.
    """
    posted = Posted(row)
    rule = RULES.get((row.origin, row.entity))
    if rule is None:
        return posted
    if posts(row.outcome, row.code):
        rule(books, posted)
        for session in sorted(posted.sessions):
            settle_session(books, posted, session)
    elif row.outcome == "held" or row.released:
        _show_held(posted)
    return posted


def _show_held(posted: Posted) -> None:
    """Doubted money posts nothing and shows in the position of its account, until it is refused."""
    account_no = named_account(posted.row)
    if account_no:
        posted.touched.add(account_no)
