"""Parcels that arrive while another is being written wait together and are written together."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock

from infra.clock import Milliseconds
from infra.database import Database
from infra.limits import TOGETHER_MAX
from sync.known import KnownAccounts
from sync.parcel import Parcel, Pushed
from sync.push import Prepared, prepare, push_together


@dataclass(slots=True)
class _Waiting:
    """One request's parcel, and what it is waiting for."""

    prepared: Prepared
    now: Milliseconds
    wake: Event = field(default_factory=Event)
    pushed: Pushed | None = None
    error: BaseException | None = None

    @property
    def size(self) -> int:
        return len(self.prepared.parcel.mutations)


class Together:
    """One door for each IBC: who finds it free goes through, with all who have gathered before it.

    Each process has its own; between processes the IBC's lock keeps the order.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._accounts = KnownAccounts(database)
        self._lock = Lock()
        self._gathered: dict[str, deque[_Waiting]] = {}
        """The IBCs at whose door somebody writes, with those who wait there."""

    def push(self, ibc_id: str, parcel: Parcel, now: Milliseconds) -> Pushed:
        """Take in a parcel, alone or with others. Errors: as sync.push.push."""
        own = _Waiting(prepare(self._accounts, ibc_id, parcel, now), now)
        with self._lock:
            gathered = self._gathered.get(ibc_id)
            if gathered is None:
                self._gathered[ibc_id] = deque()
            else:
                gathered.append(own)
        if gathered is not None:
            own.wake.wait()
        if own.pushed is None and own.error is None:
            self._write(ibc_id, own)
        if own.error is not None:
            raise own.error
        assert own.pushed is not None  # written, or the error was raised
        return own.pushed

    def gathered(self, ibc_id: str) -> int:
        """How many wait at the door while somebody writes."""
        with self._lock:
            return len(self._gathered.get(ibc_id, ()))

    def _write(self, ibc_id: str, own: _Waiting) -> None:
        """Write for oneself and those who wait, then wake the next who writes."""
        group = [own]

        def gather() -> list[Prepared]:
            size = sum(one.size for one in group)
            group.extend(self._next(ibc_id, TOGETHER_MAX - size))
            return [one.prepared for one in group]

        try:
            written = push_together(self._database, ibc_id, gather, own.now)
            self._accounts.is_now(ibc_id, written[0].epoch)
            for one, pushed in zip(group, written, strict=True):
                one.pushed = pushed
        except BaseException as error:  # noqa: BLE001  # everybody's answer, and raised in each one's own thread
            for one in group:
                one.error = error
        finally:
            self._pass_on(ibc_id)
            for one in group[1:]:
                one.wake.set()

    def _next(self, ibc_id: str, room: int) -> Sequence[_Waiting]:
        """Those who wait at the door, as many as fit into one transaction."""
        taken = []
        with self._lock:
            gathered = self._gathered[ibc_id]
            while gathered and gathered[0].size <= room:
                room -= gathered[0].size
                taken.append(gathered.popleft())
        return taken

    def _pass_on(self, ibc_id: str) -> None:
        """The first who still waits writes next; with nobody there the door is free."""
        with self._lock:
            gathered = self._gathered[ibc_id]
            if not gathered:
                del self._gathered[ibc_id]
                return
            following = gathered.popleft()
        following.wake.set()
