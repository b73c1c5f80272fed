"""`make day`: thirty officers work one day against the running stack; not a rupee or a fact may be missing."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

from rich.console import Console

from infra.clock import monotonic
from infra.database import Database
from infra.settings import UnsafeSetting, from_environment
from models.demo import IBC_CODE, demo_credentials
from sync.client import Server
from tests.simulation.day import oracle
from tests.simulation.day.network import Fault
from tests.simulation.day.stack import NotRunning, Stack, TooLate, enrolment_codes, wait_for
from tests.simulation.day.street import Officer, Progress, network_of, officers
from tests.simulation.day.table import show

PHONES_AT_ONCE = 8
OFFICERS, FACTS, SEED = 30, 150, 1
FACTS_MIN = 20
"""Fewer do not hold everything that a day has once."""
KILLED_AT, FLUSHED_AT = 0.5, 0.7
BOOKS_SECONDS_MAX = 90.0
BEHIND_SECONDS_MAX = 2.0
COMPARED_PHONES = 5


def main() -> int:
    """Live the day; 0 when everything is in its place, 1 when not, 2 when nothing runs."""
    console = Console(width=100, highlight=False)
    asked = _arguments()
    try:
        settings = from_environment()
        stack = Stack(settings)
    except (NotRunning, UnsafeSetting) as fact:
        console.print(str(fact), soft_wrap=True)
        return 2
    database = Database(settings.database_url)
    try:
        wrong = Day(console, stack, database, asked).live()
    finally:
        database.close()
    for line in wrong:
        console.print(f"WRONG  {line}", style="red", soft_wrap=True, markup=False)
    console.print("Not a rupee and not a fact is missing or double." if not wrong else "")
    return int(bool(wrong))


class Day:
    """One day, from the first enrolment to the table."""

    def __init__(
        self, console: Console, stack: Stack, database: Database, asked: argparse.Namespace
    ) -> None:
        self.console = console
        self.stack = stack
        self.database = database
        self.asked = asked
        self.notebook = oracle.Notebook()
        self.wrong: list[str] = []
        self.began = monotonic()

    def live(self) -> list[str]:
        """The day as it goes; returns what is wrong in the evening."""
        self._wait_for_the_books()
        with self.database.read() as connection:
            before = oracle.standing(connection, IBC_CODE)
        crew = [one for one in demo_credentials() if one.role == "officer"][: self.asked.officers]
        with ExitStack() as opened:
            networks = [
                opened.enter_context(
                    network_of(self.stack.address, self.asked.seed, number, person)
                )
                for number, person in enumerate(crew)
            ]
            team = officers(crew, networks, self.notebook, self.asked.facts)
            self._work(team)
            self._compare_phones(team)
        with self.database.read() as connection:
            after = oracle.standing(connection, IBC_CODE)
            figures = oracle.audit(connection, IBC_CODE, self.notebook, before, after)
        self._tell("table")
        faults: Counter[Fault] = sum((one.faults for one in networks), Counter())
        show(self.console, figures, {one.staff_id: one.staff_no for one in crew}, faults)
        for event in self.stack.hurt:
            self.console.print(event)
        self._verify()
        self.wrong += figures.wrong
        self.wrong += [error for one in networks for error in one.server_errors]
        return self.wrong

    def _work(self, team: Sequence[Officer]) -> None:
        server = Server(*self.stack.address)
        staff_ids = [officer.person.staff_id for officer in team]
        codes = dict(zip(staff_ids, enrolment_codes(server, IBC_CODE, staff_ids), strict=True))
        self._tell(f"{len(team)} enrolment codes")
        self._all(
            team,
            lambda one: one.morning(codes[one.person.staff_id], self.asked.facts, self.asked.seed),
        )
        rows = sum(len(one.device.store.contents()) for one in team)
        self._tell(f"enrolled and pulled, {rows:,} rows in all")

        progress = Progress(
            facts_in_all=sum(len(one.walk.deeds) for one in team),
            events=[
                (KILLED_AT, self._kill_the_books),
                (FLUSHED_AT, self.stack.empty_the_queue),
            ],
        )
        self._all(team, lambda one: one.walk_the_round(progress))
        self._tell(f"walked, {progress.done:,} facts recorded")
        self._all(team, Officer.bring_the_late)
        team[0].reuse_an_id()
        self._tell("the late ones brought, one id reused")
        self._wait_for_the_books()
        self._tell("the books have read everything")
        self._all(team, Officer.evening)

    def _all(self, team: Sequence[Officer], work: Callable[[Officer], None]) -> None:
        with ThreadPoolExecutor(PHONES_AT_ONCE) as pool:
            for outcome in [pool.submit(work, officer) for officer in team]:
                outcome.result()

    def _wait_for_the_books(self) -> None:
        try:
            wait_for(
                self._books_are_read, BOOKS_SECONDS_MAX, "the books did not read the log to its end"
            )
        except TooLate as fact:
            self.wrong.append(str(fact))

    def _kill_the_books(self) -> None:
        """While they have something to read, so that the worker dies at work."""
        with suppress(TooLate):
            wait_for(
                lambda: not self._books_are_read(), BEHIND_SECONDS_MAX, "the books had read it all"
            )
        self.stack.kill_the_books()

    def _books_are_read(self) -> bool:
        with self.database.read() as connection:
            return oracle.books_are_at_the_head(connection, IBC_CODE)

    def _compare_phones(self, team: Sequence[Officer]) -> None:
        """Some phones, spread over the crew: what each keeps is what the office says it may see."""
        step = max(len(team) // COMPARED_PHONES, 1)
        compared = team[::step][:COMPARED_PHONES]
        rows = 0
        for officer in compared:
            with self.database.read() as connection:
                scope = oracle.scope_of(
                    connection, IBC_CODE, officer.device.id, officer.person.staff_id
                )
            found = oracle.differences(officer.device.store.contents(), scope)
            rows += len(scope)
            if found:
                few = "; ".join(found[: oracle.SHOWN_MAX])
                self.wrong.append(
                    f"the phone of {officer.person.staff_no} has {len(found)} differences: {few}"
                )
        self._tell(f"{len(compared)} phones compared with their scopes, {rows:,} rows")

    def _verify(self) -> None:
        code, said = self.stack.verify_the_books()
        self.console.print(f"books verify: {said}", markup=False, soft_wrap=True)
        if code != 0:
            self.wrong.append(f"books verify ended with {code}")
        self._tell("verified")

    def _tell(self, what: str) -> None:
        self.console.print(f"{monotonic() - self.began:6.1f} s  {what}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.day", description=__doc__)
    parser.add_argument("--officers", type=int, default=OFFICERS, choices=range(1, OFFICERS + 1))
    parser.add_argument("--facts", type=int, default=FACTS, help="of each officer")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    if asked.facts < FACTS_MIN:
        parser.error(f"--facts must be at least {FACTS_MIN}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
