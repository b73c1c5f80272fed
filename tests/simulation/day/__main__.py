"""`make day`: thirty officers work one day against the running stack; not a rupee or a fact may be missing."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

from rich.console import Console

from infra.clock import monotonic
from infra.database import Database
from infra.settings import UnsafeSetting, from_environment
from models.demo import IBC_CODE, demo_credentials
from tests.simulation.day import oracle
from tests.simulation.day.network import Fault
from tests.simulation.day.office import Desk, sit_down
from tests.simulation.day.stack import NotRunning, Stack, TooLate, wait_for
from tests.simulation.day.street import MovedRound, Officer, Progress, network_of, officers
from tests.simulation.day.table import show, show_lost, show_moved

PHONES_AT_ONCE = 8
OFFICERS, FACTS, SEED = 30, 150, 1
OFFICERS_MIN = 5
"""One loses his phone, two lose their rounds, somebody gets them."""
FACTS_MIN = 20
"""Fewer do not hold everything that a day has once."""
NOON, KILLED_AT, FLUSHED_AT = 0.4, 0.5, 0.7
ROUNDS_MOVED = 2
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

    supervisor: Desk
    report: Mapping[str, Any]
    """What the office was told of the lost phone."""

    def __init__(
        self, console: Console, stack: Stack, database: Database, asked: argparse.Namespace
    ) -> None:
        self.console = console
        self.stack = stack
        self.database = database
        self.asked = asked
        self.notebook = oracle.Notebook()
        self.moved: list[MovedRound] = []
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
            self.supervisor = sit_down(self.stack.address, IBC_CODE, "supervisor")
            self._work(team)
            self._compare_phones(team[:-1])
            self._look_at_the_moved()
        with self.database.read() as connection:
            self.wrong += oracle.set_aside(
                connection, IBC_CODE, self.notebook, team[-1].device.id, self.report
            )
            after = oracle.standing(connection, IBC_CODE)
            figures = oracle.audit(connection, IBC_CODE, self.notebook, before, after)
        self._tell("table")
        faults: Counter[Fault] = sum((one.faults for one in networks), Counter())
        show(self.console, figures, {one.staff_id: one.staff_no for one in crew}, faults)
        show_moved(self.console, self.moved)
        show_lost(self.console, self.notebook, self.report)
        for event in self.stack.hurt:
            self.console.print(event)
        self._verify()
        self.wrong += figures.wrong
        self.wrong += [error for one in networks for error in one.server_errors]
        return self.wrong

    def _work(self, team: Sequence[Officer]) -> None:
        admin = sit_down(self.stack.address, IBC_CODE, "admin")
        codes = {one.person.staff_id: admin.enrolment_code(one.person.staff_id) for one in team}
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
                (NOON, lambda: self._move_rounds(team[:-1])),
                (KILLED_AT, self._kill_the_books),
                (FLUSHED_AT, self.stack.empty_the_queue),
            ],
        )
        *staying, unlucky = team
        self._all(
            team,
            lambda one: (
                one.walk_until_it_is_lost(progress)
                if one is unlucky
                else one.walk_the_round(progress)
            ),
        )
        self._tell(f"walked, {len(self.notebook.facts):,} facts recorded")
        self.report = self.supervisor.report_lost(unlucky.device.id)
        admin.revoke(unlucky.device.id)
        self._tell(f"the phone of {unlucky.person.staff_no} reported lost and revoked")
        self._all(staying, Officer.bring_the_late)
        team[0].reuse_an_id()
        self._tell("the late ones brought, one id reused")
        self._wait_for_the_books()
        self._tell("the books have read everything")
        self._all(staying, Officer.evening)

    def _move_rounds(self, team: Sequence[Officer]) -> None:
        """At noon two rounds go to others, from officers whose phones still have something to send."""
        loaded = sorted((one for one in team if one.round_ids), key=lambda one: -len(one.held_back))
        for giver in loaded[:ROUNDS_MOVED]:
            taker = team[(team.index(giver) + 1) % len(team)]
            moved = MovedRound(giver.round_ids[0], giver, taker, unsent=len(giver.held_back))
            self.supervisor.give_round(moved.round_id, taker.person.staff_id)
            self.moved.append(moved)

    def _look_at_the_moved(self) -> None:
        """Who had a moved round has dropped it, who got it holds it; tomorrow all is as it was."""
        if len(self.moved) < ROUNDS_MOVED:
            self.wrong.append(f"{len(self.moved)} rounds were moved at noon, not {ROUNDS_MOVED}")
        for moved in self.moved:
            phones = self.supervisor.phones_of(moved.round_id)
            moved.giver_has = phones.get(moved.giver.device.id, "")
            moved.taker_has = phones.get(moved.taker.device.id, "")
            if (moved.giver_has, moved.taker_has) != ("gone", "holds"):
                self.wrong.append(f"the round {moved.round_id} is held otherwise: {phones}")
            self.supervisor.give_round(moved.round_id, moved.giver.person.staff_id)
        self._tell(f"{len(self.moved)} moved rounds are where they should be; given back")

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
        """Every phone by its own digests; some, spread over the crew, row by row with their scopes."""
        self._all(team, self._compare)
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
        self._tell(
            f"{len(team)} phones equal by digest, {len(compared)} compared row by row, {rows:,} rows"
        )

    def _compare(self, officer: Officer) -> None:
        said = officer.differs_after_a_comparison()
        if said:
            self.wrong.append(f"the phone of {officer.person.staff_no} was not equal: {said}")

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
    parser.add_argument(
        "--officers", type=int, default=OFFICERS, choices=range(OFFICERS_MIN, OFFICERS + 1)
    )
    parser.add_argument("--facts", type=int, default=FACTS, help="of each officer")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    if asked.facts < FACTS_MIN:
        parser.error(f"--facts must be at least {FACTS_MIN}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
