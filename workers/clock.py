"""`python -m workers.clock`: rings the bells that were lost, works itself when nobody answers, tidies up."""

import signal
import sys
from types import FrameType

import structlog
from sqlalchemy.exc import DBAPIError

from auth import enrolment, refresh
from infra.clock import local_date, pause
from infra.database import fetch
from infra.tenancy import EVERY, within
from sync.books import post
from sync.faults import ask_about_old, try_again
from sync.gaps import ask_about_gaps
from sync.nightly import check_books
from sync.succession import carry_what_came
from workers.attachments import clean_uploads, sweep_uploads
from workers.context import bell, database, now, settings
from workers.snapshots import renew_snapshots, sweep_files
from workers.statements import files_waiting, reconcile

NIGHT_MS = 2 * 3_600_000
"""The night's checks begin at two o'clock."""
OFFICE_TIMEZONE = "Asia/Karachi"
"""Only for when the night begins; dates in the books are of each IBC's own time zone."""
PATIENCE_MS = 15_000
"""How long work may lie before the clock stops ringing and does it itself."""
TIDY_EVERY_MS = 60_000

log = structlog.get_logger()


class Sweep:
    """What the clock remembers between two looks."""

    def __init__(self) -> None:
        self.behind_since: dict[str, int] = {}
        self.tidied_at = 0
        self.night = ""

    def look(self) -> None:
        """One look: ring for every IBC whose books are behind, and tidy up once a minute."""
        behind = _behind()
        self.behind_since = {ibc_id: self.behind_since.get(ibc_id, now()) for ibc_id in behind}
        for ibc_id, since in self.behind_since.items():
            rung = bell().ring("books", ibc_id)
            if not rung or now() - since > PATIENCE_MS:
                with within(ibc_id):
                    post(database(), ibc_id, now())
        if now() - self.tidied_at > TIDY_EVERY_MS:
            self.tidied_at = now()
            with within(EVERY):
                _tidy()
                _renew_snapshots()
                _clean_uploads()
                _reconcile()
                self._check_books()

    def _check_books(self) -> None:
        """Once a night, all checks; meanwhile lost bells wait, which only costs time."""
        night = local_date(now() - NIGHT_MS, OFFICE_TIMEZONE).isoformat()
        if night != self.night:
            self.night = night
            for ibc_id in _ibcs():
                check_books(database(), ibc_id, night, now())


def main() -> int:
    """Look, wait, look again; ends on TERM."""
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sweep = Sweep()
    while not stopping:
        try:
            sweep.look()
        except DBAPIError as error:
            log.warning("clock_cannot_reach_the_database", error=repr(error))
        pause(settings().sweep_seconds)
    return 0


def _behind() -> list[str]:
    """IBCs whose log has entries that the books have not read."""
    with within(EVERY), database().read() as connection:
        rows = fetch(
            connection,
            "SELECT l.ibc_id FROM log_heads l LEFT JOIN books_offsets b ON b.ibc_id = l.ibc_id "
            "WHERE l.seq > COALESCE(b.log_seq, 0) ORDER BY l.ibc_id",
        )
    return [row.ibc_id for row in rows]


def _tidy() -> None:
    """Try again what failed, ask about what waits too long, forget secrets that have run out."""
    for ibc_id in _waited_for():
        with within(ibc_id):
            try_again(database(), ibc_id, now())
            ask_about_old(database(), ibc_id, now())
    ask_about_gaps(database(), now())
    carry_what_came(database(), now())
    with database().write() as connection:
        enrolment.forget_expired_codes(connection, now=now())
        refresh.forget_expired(connection, now=now())


def _renew_snapshots() -> None:
    """Have first downloads made where they are missing or old, and delete what nobody needs."""
    for ibc_id in _ibcs():
        if not bell().ring("snapshots", ibc_id):
            renew_snapshots(ibc_id)
    sweep_files()


def _ibcs() -> list[str]:
    with database().read() as connection:
        rows = fetch(connection, "SELECT ibc_id FROM log_heads ORDER BY ibc_id")
    return [row.ibc_id for row in rows]


def _clean_uploads() -> None:
    """Ring for attachments that nobody has looked at, and give up what waited too long."""
    with database().read() as connection:
        rows = fetch(
            connection, "SELECT DISTINCT ibc_id FROM uploads WHERE state = 'whole' ORDER BY ibc_id"
        )
    for row in rows:
        if not bell().ring("attachments", row.ibc_id):
            clean_uploads(row.ibc_id)
    sweep_uploads()


def _reconcile() -> None:
    """Have statement files read that nobody has begun with, or whose reader died."""
    for ibc_id in files_waiting():
        if not bell().ring("statements", ibc_id):
            reconcile(ibc_id)


def _waited_for() -> list[str]:
    with database().read() as connection:
        rows = fetch(connection, "SELECT DISTINCT ibc_id FROM waiting ORDER BY ibc_id")
    return [row.ibc_id for row in rows]


if __name__ == "__main__":
    sys.exit(main())
