"""The first pull of an officer with 2,000 consumers, live, against a handler that sends the same bytes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from benchmarks import client
from benchmarks.crew import Contender, Crew
from benchmarks.result import Result, compare, interleave
from benchmarks.world import Phone

FLOOR = 0.50
ENCODINGS = ("gzip", "identity")


class FirstPull:
    """A phone that has nothing and pulls to the end."""

    def __init__(self, port: int, phone: Phone, encoding: str) -> None:
        self.client = client.Client(port)
        self.phone = phone
        self.encoding = encoding
        self.requests: list[bytes] = []

    def prepare(self) -> None:
        self.client.close()
        token = self.phone.token()
        paths = ["/api/v1/sync/pull", *(f"/api/v1/sync/pull?cursor={c}" for c in self.cursors())]
        self.requests = [client.get(path, token, self.encoding) for path in paths]

    def cursors(self) -> list[str]:
        """The cursors on the way; known beforehand, so that the client need not read what it gets."""
        return [orjson.loads(page)["cursor"] for page in pages(self.client, self.phone)[:-1]]

    def once(self) -> int:
        for request in self.requests:
            self.client.ask(request)
        return 1


class SameBytes:
    """The limit: a handler that sends the bytes of these pages from memory."""

    def __init__(self, port: int, pages_count: int, encoding: str) -> None:
        self.client = client.Client(port)
        self.requests = [
            client.get(f"/page/{number}", encoding=encoding) for number in range(pages_count)
        ]

    def prepare(self) -> None:
        self.client.close()

    def once(self) -> int:
        for request in self.requests:
            self.client.ask(request)
        return 1


def pages(asking: client.Client, phone: Phone) -> list[bytes]:
    """Every page of a first pull, unpacked."""
    found: list[bytes] = []
    token, query, more = phone.token(), "", True
    while more:
        found.append(asking.ask(client.get(f"/api/v1/sync/pull{query}", token)))
        page = orjson.loads(found[-1])
        query, more = f"?cursor={page['cursor']}", page["more"]
    return found


def measure(
    port: int, bare_port: int, phone: Phone, folder: Path, *, rounds: int, seconds: float
) -> Iterator[Result]:
    written = pages(client.Client(port), phone)
    folder.mkdir(exist_ok=True)
    for number, page in enumerate(written):
        (folder / f"{number}.json").write_bytes(page)

    def make(_number: int) -> Mapping[str, Contender]:
        ours: dict[str, Contender] = {
            f"ours {encoding}": FirstPull(port, phone, encoding) for encoding in ENCODINGS
        }
        limits: dict[str, Contender] = {
            f"bare {encoding}": SameBytes(bare_port, len(written), encoding)
            for encoding in ENCODINGS
        }
        return ours | limits

    names = [f"{whose} {encoding}" for encoding in ENCODINGS for whose in ("bare", "ours")]
    with Crew(make) as crew:
        loads = interleave(
            rounds, {name: lambda name=name: crew.run(name, seconds) for name in names}
        )
    rows = sum(
        len(entity["put"]) for page in written for entity in orjson.loads(page)["changes"].values()
    )
    for encoding in ENCODINGS:
        yield compare(
            f"first pull, {encoding}",
            "pulls",
            loads[f"ours {encoding}"],
            loads[f"bare {encoding}"],
            FLOOR,
            rows=rows,
            pages=len(written),
            bytes=sum(map(len, written)),
        )
