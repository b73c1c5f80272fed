"""What a measure found: medians and spreads of ratios from interleaved rounds."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from benchmarks.crew import Load

Run = Callable[[], Load]


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    measure: str
    unit: str
    rate: float
    """Median of ours, in units a second."""
    limit_rate: float
    """Median of what it is measured against, in the same rounds."""
    ratio: float
    """Median of the rounds' ratios."""
    spread: tuple[float, float]
    """Least and greatest ratio of a round."""
    floor: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    more: Mapping[str, object] = field(default_factory=dict)

    def line(self) -> dict[str, object]:
        return asdict(self)


def interleave(rounds: int, runs: Mapping[str, Run]) -> dict[str, list[Load]]:
    """Every contender once in each round, every other round in the opposite order."""
    loads: dict[str, list[Load]] = defaultdict(list)
    for number in range(rounds):
        names = list(runs) if number % 2 == 0 else list(reversed(runs))
        for name in names:
            loads[name].append(runs[name]())
    return loads


def compare(
    measure: str,
    unit: str,
    ours: Sequence[Load],
    limit: Sequence[Load],
    floor: float,
    **more: object,
) -> Result:
    ratios = [one.rate / other.rate for one, other in zip(ours, limit, strict=True)]
    return Result(
        measure,
        unit,
        rate=median(load.rate for load in ours),
        limit_rate=median(load.rate for load in limit),
        ratio=median(ratios),
        spread=(min(ratios), max(ratios)),
        floor=floor,
        p50_ms=median(load.wait_ms(0.5) for load in ours),
        p99_ms=median(load.wait_ms(0.99) for load in ours),
        more=more,
    )
