"""What makes the protocol bearable on a thin network: packing, bounded pages, and when to come again."""

import gzip

import brotli
import orjson
import pytest
from zstandard import ZstdDecompressor

from sync import pull
from sync.pull import RETRY_AFTER_SECONDS
from tests.integration.evidence.street import cash

UNPACK = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda packed: ZstdDecompressor().decompressobj().decompress(packed),
}


@pytest.fixture
def ask(client, signer, token_of):
    headers = {"Authorization": f"Bearer {token_of(signer)}"}
    return lambda path, **more: client.get(path, headers=headers | more)


@pytest.mark.parametrize("packing", UNPACK)
def test_an_answer_is_packed_as_the_phone_asks(ask, packing):
    plain = ask("/api/v1/sync/pull").data

    answer = ask("/api/v1/sync/pull", **{"Accept-Encoding": packing})

    assert answer.headers["Content-Encoding"] == packing
    assert len(answer.data) < len(plain)
    assert orjson.loads(UNPACK[packing](answer.data)) == orjson.loads(plain)


def test_a_packed_exchange_is_read_like_any_other(client, signer, token_of, ibc):
    signer.collect(cash(ibc.accounts[0]))
    question = signer._question(signer.store.waiting())
    headers = {"Authorization": f"Bearer {token_of(signer)}", "Content-Encoding": "gzip"}

    answer = client.post(
        "/api/v1/sync", data=gzip.compress(orjson.dumps(question)), headers=headers
    )

    assert [outcome["outcome"] for outcome in answer.json["outcomes"]] == ["applied"]


def test_a_page_is_bounded_by_bytes_and_pages_bring_everything(ask, monkeypatch):
    whole = rows_of(ask("/api/v1/sync/pull").json)
    monkeypatch.setattr(pull, "PAGE_BYTES_MAX", 600)

    pages, cursor = [], ""
    while not pages or pages[-1]["more"]:
        pages.append(ask(f"/api/v1/sync/pull?cursor={cursor}").json)
        cursor = pages[-1]["cursor"]

    sizes = [sum(len(orjson.dumps(row)) for _, row in rows_of(page)) for page in pages]
    assert len(pages) > 3
    assert all(
        size <= 600 or len(rows_of(page)) == 1 for size, page in zip(sizes, pages, strict=True)
    )
    assert sorted(row for page in pages for row in map(repr, rows_of(page))) == sorted(
        map(repr, whole)
    )


def rows_of(page):
    return [(entity, row) for entity, changes in page["changes"].items() for row in changes["put"]]


def test_a_phone_is_told_when_to_come_again(ask):
    first = ask("/api/v1/sync/pull?limit=1").json
    last = ask("/api/v1/sync/pull").json

    assert (first["more"], first["retry_after_s"]) == (True, 0)
    assert (last["more"], last["retry_after_s"]) == (False, RETRY_AFTER_SECONDS)
