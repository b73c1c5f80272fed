"""The loop that starts a plan, keeps it running and ends it in order."""

import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra import child
from infra.clock import monotonic
from infra.leftovers import AlreadyRunning, alone, end_leftovers, forget, moment, remember
from infra.plan import Command, Limits, Plan, Process, Step
from infra.signals import Signals, StopAsked

LOOK_SECONDS = 0.1
CALM_SECONDS = 60.0
STOP_RESERVE_SECONDS = 1.0

Say = Callable[[str], None]


class GaveUp(Exception):
    """The plan cannot be brought up; the message says why, with the end of the log."""


def say_on_terminal(line: str) -> None:
    """One event, one line. A terminal that was closed must not hinder an orderly end."""
    with suppress(OSError):
        print(line, flush=True)


def supervise(plan: Plan, *, data_dir: Path, say: Say = say_on_terminal) -> int:
    """Run the plan until a stop is asked for; the exit code of the program."""
    try:
        with alone(data_dir), Signals() as signals:
            return Supervisor(plan, data_dir, signals, say).run()
    except AlreadyRunning as fact:
        say(str(fact))
        return 1


@dataclass
class Kept:
    """A process of the plan as it stands now."""

    process: Process
    popen: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    """When to start it, while it does not run."""
    ready: bool = False
    ever_ready: bool = False
    early_deaths: int = 0
    back_off_seconds: float = 0.0


class Supervisor:
    """Keeps one plan running."""

    def __init__(self, plan: Plan, data_dir: Path, signals: Signals, say: Say) -> None:
        self.plan = plan
        self.limits: Limits = plan.limits
        self.data_dir = data_dir
        self.signals = signals
        self.say = say
        self.since = moment()
        self.kept: list[Kept] = []
        self.step: tuple[str, subprocess.Popen[bytes]] | None = None

    def run(self) -> int:
        """Bring up, keep up, bring down."""
        # Not to be interrupted: the file that names the leftovers is ours to delete afterwards.
        end_leftovers(self.data_dir, self.signals.wait_to_the_end, self.say)
        try:
            self._bring_up()
            while True:
                self._look_after()
                self.signals.wait(self._quiet_seconds())
        except StopAsked:
            return 0
        except GaveUp as reason:
            self.say(str(reason))
            return 1
        finally:
            self._bring_down()

    def _bring_up(self) -> None:
        if obstacle := self.plan.obstacle():
            raise GaveUp(obstacle)
        self._keep([one for one in self.plan.processes if one.before_steps])
        self._take(self.plan.steps)
        self._keep([one for one in self.plan.processes if not one.before_steps])
        for what, address in self.plan.addresses:
            self.say(f"{what:<10} {address}")
        self._take(self.plan.closing)

    def _keep(self, processes: Sequence[Process]) -> None:
        newcomers = [Kept(one, back_off_seconds=self.limits.back_off_seconds) for one in processes]
        self.kept += newcomers
        self._look_after()
        while not all(one.ready for one in newcomers):
            self.signals.wait(self._quiet_seconds())
            self._look_after()

    def _look_after(self) -> None:
        """One round over all processes: start what is due, bury the dead, ask the new."""
        for one in self.kept:
            if one.popen is None:
                if monotonic() >= one.due:
                    self._start(one)
            elif one.popen.poll() is not None:
                self._bury(one)
            elif not one.ready:
                self._ask(one)

    def _quiet_seconds(self) -> float:
        """How long nothing has to be looked at, unless a signal comes."""
        if any(one.popen and not one.ready for one in self.kept):
            return LOOK_SECONDS
        due = [one.due - monotonic() for one in self.kept if one.popen is None]
        return min(due, default=CALM_SECONDS)

    def _start(self, one: Kept) -> None:
        with child.open_log(self._log(one.process.name)) as log:
            one.popen = child.start(one.process.command, log)
        one.started = monotonic()
        self._remember()

    def _ask(self, one: Kept) -> None:
        age = monotonic() - one.started
        if one.process.ready(age):
            self.say(f"{one.process.name}: ready after {monotonic() - one.started:.1f} s")
            one.ready = one.ever_ready = True
            one.early_deaths = 0
        elif age > self.limits.ready_seconds_max:
            if not one.ever_ready:
                raise self._gave_up(one.process.name, f"was not ready within {age:.0f} s")
            child.end_session(self._pid(one))

    def _bury(self, one: Kept) -> None:
        """It has ended: say so, and say when it starts again."""
        code = self._end_of(one)
        lived = monotonic() - one.started
        if lived < self.limits.early_seconds:
            one.early_deaths += 1
        else:
            one.back_off_seconds = self.limits.back_off_seconds
        if one.early_deaths >= self.limits.early_deaths_max and not one.ever_ready:
            raise self._gave_up(
                one.process.name, f"ended {one.early_deaths} times before it was ever ready"
            )
        self.say(
            f"{one.process.name}: ended {child.manner_of_end(code)}; "
            f"starts again in {one.back_off_seconds:g} s"
        )
        one.due = monotonic() + one.back_off_seconds
        one.back_off_seconds = min(2 * one.back_off_seconds, self.limits.back_off_seconds_max)
        self._remember()

    def _end_of(self, one: Kept) -> int:
        """Reap it, with whatever it left running: a port or a job must not be held twice."""
        pid, popen = self._pid(one), one.popen
        one.popen, one.ready = None, False
        child.end_session(pid)
        return popen.wait() if popen else 0

    def _take(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.unless is not None and self._is_done(step, step.unless):
                continue
            self.say(f"{step.name} ...")
            code = self._outcome(step, step.command, shown=step.shown)
            if code != 0:
                raise self._gave_up(step.name, f"ended {child.manner_of_end(code)}", step.shown)

    def _is_done(self, step: Step, question: Command) -> bool:
        """Ask: 0 is yes, 1 is no, and anything else is no answer."""
        code = self._outcome(step, question, shown=False)
        if code not in (0, 1):
            raise self._gave_up(step.name, f"could not be decided on ({child.manner_of_end(code)})")
        return code == 0

    def _outcome(self, step: Step, command: Command, *, shown: bool) -> int:
        """Run a step to its end, looking after the processes meanwhile."""
        with child.open_log(self._log(step.name)) as log:
            popen = child.start(command, None if shown else log)
        self.step = (step.name, popen)
        self._remember()
        while popen.poll() is None:
            self.signals.wait(self._quiet_seconds())
            self._look_after()
        self.step = None
        self._remember()
        return popen.returncode

    def _gave_up(self, name: str, what: str, shown: bool = False) -> GaveUp:
        log = self._log(name)
        end = "" if shown else f" The end of {log}:\n{child.last_lines(log)}"
        return GaveUp(f"{name}: {what}; everything is stopped.{end}")

    def _bring_down(self) -> None:
        """End the running step, then the processes in the plan's order, those of the steps last.

        Each may take as long as leaves one second to every process after it.
        """
        until = monotonic() + self.limits.stop_seconds_max
        running = sorted((one for one in self.kept if one.popen), key=_last_when_needed_by_steps)
        if self.step:
            self._end("step", self.step[1], until - STOP_RESERVE_SECONDS * len(running))
        for position, one in enumerate(running, start=1):
            if one.popen:
                reserve = STOP_RESERVE_SECONDS * (len(running) - position)
                self._end(one.process.name, one.popen, until - reserve)
        forget(self.data_dir)

    def _end(self, name: str, popen: subprocess.Popen[bytes], until: float) -> None:
        if popen.poll() is None:
            child.ask_to_end(popen.pid)
        while popen.poll() is None and (left := until - monotonic()) > 0:
            self.signals.wait_to_the_end(min(left, LOOK_SECONDS))
        overdue = popen.poll() is None
        child.end_session(popen.pid)
        popen.wait()
        self.say(f"{name}: killed, it did not stop in time" if overdue else f"{name}: stopped")

    def _remember(self) -> None:
        running = {one.process.name: one.popen for one in self.kept if one.popen}
        if self.step:
            running[self.step[0]] = self.step[1]
        remember(self.data_dir, running, self.since)

    def _log(self, name: str) -> Path:
        return self.data_dir / "logs" / f"{name}.log"

    @staticmethod
    def _pid(one: Kept) -> int:
        assert one.popen is not None, f"{one.process.name} does not run"
        return one.popen.pid


def _last_when_needed_by_steps(one: Kept) -> bool:
    return one.process.before_steps
