"""The job that makes an IBC's first downloads; running it twice makes the same files."""

from infra.files import Files
from infra.tenancy import EVERY, within
from sync import snapshot
from workers.context import bell, database, now, settings


def renew_snapshots(ibc_id: str) -> int:
    """Make what is due; returns how many snapshots were made."""
    bell().answered("snapshots", ibc_id)
    with within(ibc_id):
        return snapshot.renew(database(), files(), ibc_id, now())


def sweep_files() -> int:
    """Delete what no manifest names any more; returns how many files."""
    with within(EVERY):
        return snapshot.sweep(database(), files(), now())


def files() -> Files:
    return Files(settings().files_dir)
