"""The job that brings an IBC's books up to its log; running it twice does the work once."""

from infra.tenancy import within
from sync import books
from workers.context import bell, database, now


def post_books(ibc_id: str) -> int:
    """Post to the head of the log; returns how many log rows are left."""
    # Answered first: what is pushed from here on rings anew, even while we are posting.
    bell().answered("books", ibc_id)
    with within(ibc_id):
        return books.post(database(), ibc_id, now()).lag
