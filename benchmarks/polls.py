"""Empty polls, token and device checked, against a handler that does nothing."""

from collections.abc import Iterator, Mapping

import orjson

from benchmarks import client
from benchmarks.crew import Contender, Crew
from benchmarks.result import Result, compare, interleave
from benchmarks.world import Phone

FLOOR = 0.30


class Poll:
    """A phone that asks again and again, and there is nothing new."""

    def __init__(self, port: int, phone: Phone) -> None:
        self.client = client.Client(port)
        self.phone = phone
        self.request = b""

    def prepare(self) -> None:
        self.client.close()
        token, cursor, more = self.phone.token(), "", True
        while more:
            path = f"/api/v1/sync/pull?cursor={cursor}" if cursor else "/api/v1/sync/pull"
            page = orjson.loads(self.client.ask(client.get(path, token)))
            cursor, more = page["cursor"], page["more"]
        self.request = client.get(f"/api/v1/sync/pull?cursor={cursor}", token)

    def once(self) -> int:
        self.client.ask(self.request)
        return 1


class Nothing:
    """The limit: the same server, and a handler that answers `{}`."""

    def __init__(self, port: int) -> None:
        self.client = client.Client(port)
        self.request = client.get("/nothing")

    def prepare(self) -> None:
        self.client.close()

    def once(self) -> int:
        self.client.ask(self.request)
        return 1


def measure(
    port: int, bare_port: int, phones: list[Phone], *, rounds: int, seconds: float
) -> Iterator[Result]:
    def make(number: int) -> Mapping[str, Contender]:
        return {"poll": Poll(port, phones[number]), "nothing": Nothing(bare_port)}

    with Crew(make) as crew:
        loads = interleave(
            rounds,
            {name: lambda name=name: crew.run(name, seconds) for name in ("nothing", "poll")},
        )
    yield compare("empty polls", "polls", loads["poll"], loads["nothing"], FLOOR)
