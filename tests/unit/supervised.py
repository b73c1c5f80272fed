"""A supervisor over stand-in commands, run by test_supervisor.py as a process of its own.

Takes the data folder and the plan as JSON: a process is ready once the file that it names exists.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from infra.plan import Limits, Plan, Process, Step
from infra.supervision import supervise


def main() -> int:
    """Supervise the plan of the command line."""
    data_dir, plan = Path(sys.argv[1]), json.loads(sys.argv[2])
    processes = tuple(
        Process(
            name=one["name"],
            command=tuple(one["command"]),
            ready=_exists(Path(one["ready"])),
            before_steps=one.get("before_steps", False),
        )
        for one in plan["processes"]
    )
    steps = tuple(
        Step(name=one["name"], command=tuple(one["command"]), unless=one.get("unless"))
        for one in plan.get("steps", ())
    )
    limits = Limits(**plan.get("limits", {}))
    return supervise(Plan(processes=processes, steps=steps, limits=limits), data_dir=data_dir)


def _exists(path: Path) -> Callable[[float], bool]:
    return lambda _age_seconds: path.exists()


if __name__ == "__main__":
    sys.exit(main())
