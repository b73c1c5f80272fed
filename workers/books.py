"""The job that brings an IBC's books up to its log; running it twice does the work once."""

from sync import books
from workers.context import database, now


def post_books(ibc_id: str) -> int:
    """Post to the head of the log; returns how many log rows are left."""
    return books.post(database(), ibc_id, now()).lag
