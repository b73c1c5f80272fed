"""Seeded days of chance on which phones download while everybody writes: each ends with what it may see."""

import os

import pytest

from infra.files import Files
from sync import snapshot
from sync.client_download import _rows
from tests.building import NOW
from tests.integration.sync.seeing import held_by, visible_to
from tests.integration.sync.test_random import STEPS, Day

SEEDS = [int(seed) for seed in os.environ.get("SYNC_SEEDS", "1 2 3 4 5 6 7 8").split()]


class DownloadingDay(Day):
    """A day on which snapshots are made, manifests are taken, and files are loaded much later."""

    def __init__(self, database, ibc, seed, files):
        super().__init__(database, ibc, seed)
        self.files = files
        self.manifests = {}
        self.loaded = 0

    def live(self) -> None:
        self.renew()
        for _ in range(STEPS):
            office_steps = (self.write_master, self.move_round, self.move_stop, self.record)
            phone_steps = (self.edit, self.send, self.fetch, self.plan_round)
            snapshot_steps = (self.renew, self.take_manifest, self.load)
            self.dice.choices(
                [*office_steps, *phone_steps, *snapshot_steps], [3, 4, 2, 5, 4, 6, 5, 2, 4, 4, 4]
            )[0]()
        self.renew()
        self.take_manifest()
        self.load()

    def renew(self) -> None:
        snapshot.renew(self.database, self.files, self.ibc.code, NOW)

    def take_manifest(self) -> None:
        phone = self.phone()
        with self.database.read() as connection:
            self.manifests[phone.device_id] = snapshot.manifest_for(connection, phone.reader)

    def load(self) -> None:
        waiting = [phone for phone in self.phones if phone.device_id in self.manifests]
        if not waiting:
            return
        phone = self.dice.choice(waiting)
        manifest = self.manifests.pop(phone.device_id)
        phone.push(*self.outbox[phone.device_id])
        self.outbox[phone.device_id].clear()
        phone.store.clear()
        for part in manifest.parts:
            content = self.files.find(part.sha256).read_bytes()
            for entity, records in _rows(content):
                for record in records:
                    phone.store[(entity, record["id"])] = record
                    self.loaded += 1
        phone.cursor, phone.epoch = manifest.cursor, manifest.epoch


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", SEEDS)
def test_every_phone_ends_with_what_it_may_see(database, ibc, tmp_path, seed):
    day = DownloadingDay(database, ibc, seed, Files(tmp_path / "files"))

    day.live()
    day.end()

    assert day.loaded
    for phone in day.phones:
        seen, visible = held_by(phone), visible_to(phone)
        assert seen.keys() - visible.keys() == set()
        assert visible.keys() - seen.keys() == set()
        for key, record in visible.items():
            assert seen[key] == record
