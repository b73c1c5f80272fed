"""The job that reads an IBC's waiting statement files and reconciles; running it twice does each once."""

from infra.files import Files
from infra.tenancy import EVERY, within
from sync import reconciling, statement_files
from workers.context import bell, database, now, settings


def reconcile(ibc_id: str) -> int:
    """Read what waits, then explain what can be explained; returns how many lines were matched."""
    # Answered first: a file that is sent from here on rings anew, even while we read.
    bell().answered("statements", ibc_id)
    with within(ibc_id):
        statement_files.read_waiting(database(), files(), ibc_id, clock=now)
        return reconciling.reconcile(database(), ibc_id, clock=now).matched


def files_waiting() -> list[str]:
    """IBCs with files that nobody reads."""
    with within(EVERY):
        return sorted(statement_files.waiting(database(), now()))


def files() -> Files:
    return Files(settings().statements_dir)
