"""From the bytes on the disk to what the office looks at: stored or refused, by whom seen, twice or killed."""

from contextvars import copy_context
from threading import Thread

import pytest

import workers.attachments
import workers.clock
from infra.ids import new_id
from infra.store import StoreUnavailable
from models.upload import UploadStateWord
from sync.office import Put
from tests.building import a_collection, a_phone, office_write
from tests.integration.attachments.pictures import GPS, a_photo, a_png_bomb, opened
from tests.integration.attachments.sending import sha256
from tests.integration.sync.counting import Killed, killed_at
from tests.integration.sync.looking import count, everything, one, rows
from tests.integration.sync.test_together import parcel_of, take

PHOTO = a_photo(size=(400, 200), turned=True)
NO_PICTURE = b"<html><script>alert(1)</script>"


def objects(settings):
    return sorted(p.name for p in (settings.data_dir / "attachments").glob("??/*"))


def test_the_word_comes_first_and_the_bytes_later(camera, ibc, work):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])
    assert camera.sees(attachment_id)["state"] is None

    camera.send(PHOTO)
    assert work() == 1

    seen = camera.sees(attachment_id)
    assert (seen["state"], seen["refused_because"], seen["version"]) == ("stored", None, 2)
    assert camera.verdicts() == []


def test_the_bytes_come_first_and_the_word_later(camera, ibc, work):
    camera.send(PHOTO)
    assert work() == 1

    attachment_id = camera.attach(PHOTO, ibc.accounts[0])

    assert camera.sees(attachment_id)["state"] == "stored"
    assert camera.fetch(attachment_id).status_code == 200


def test_the_word_comes_while_nobody_has_looked_at_the_bytes_yet(camera, ibc, work):
    camera.send(PHOTO)
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])

    assert camera.sees(attachment_id)["state"] is None
    assert camera.fetch(attachment_id).status_code == 404
    assert work() == 1
    assert camera.sees(attachment_id)["state"] == "stored"


def test_what_is_stored_is_upright_and_does_not_say_where_it_was_taken(camera, ibc, work):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])
    camera.send(PHOTO)
    work()

    file, small = camera.fetch(attachment_id), camera.fetch(attachment_id, "thumbnail")

    assert opened(PHOTO).getexif().get_ifd(GPS)
    for answer in (file, small):
        assert answer.status_code == 200
        assert dict(opened(answer.data).getexif()) == {}
        assert b"Secret Maker" not in answer.data
    assert opened(file.data).size == (200, 400)
    assert opened(small.data).size == (160, 320)


@pytest.mark.parametrize("word_first", [True, False])
@pytest.mark.parametrize(
    ("sent", "because"),
    [(NO_PICTURE, "not_a_picture"), (PHOTO[:300], "damaged_picture"),
     (a_png_bomb(), "too_many_pixels 52000000")],
    ids=["html", "half a jpeg", "bomb"],
)  # fmt: skip
def test_what_cannot_be_kept_is_told_to_the_phone(
    camera, ibc, work, settings, sent, because, word_first
):
    if word_first:
        attachment_id = camera.attach(sent, ibc.accounts[0])
        camera.send(sent)
        work()
    else:
        camera.send(sent)
        work()
        attachment_id = camera.attach(sent, ibc.accounts[0])

    seen = camera.sees(attachment_id)
    [verdict] = camera.verdicts()
    assert (seen["state"], seen["refused_because"]) == ("refused", because)
    assert (verdict["verdict"], verdict["by_role"]) == ("rejected", "server")
    assert one(
        camera.phone.database,
        "SELECT entity FROM mutations WHERE id = :id",
        id=verdict["mutation_id"],
    ) == ("attachment")
    english, urdu = verdict["reason"].splitlines()
    assert english.isascii()
    assert not urdu.isascii()
    assert camera.fetch(attachment_id).status_code == 404
    assert objects(settings) == []


def test_one_file_of_many_records_is_stored_once(camera, camera_of, ibc, work, settings):
    second, colleague = camera_of(ibc, 0, "2"), camera_of(ibc, 1)
    referring = [(c, c.attach(PHOTO, ibc.accounts[0])) for c in (camera, camera, colleague)]
    for phone in (camera, second, colleague):
        phone.send(PHOTO)

    assert work() == 3

    assert [c.sees(attachment_id)["state"] for c, attachment_id in referring] == ["stored"] * 3
    assert len(objects(settings)) == 2
    assert count(camera.phone.database, "kept_files") == 2


def test_who_knows_a_hash_has_not_sent_the_file(camera, camera_of, ibc, work):
    """Otherwise a hash, which travels in the clear in every log, would open the picture."""
    colleague = camera_of(ibc, 1)
    camera.send(PHOTO)
    work()

    stolen = colleague.attach(PHOTO, ibc.accounts[3])

    assert colleague.sees(stolen)["state"] is None
    assert colleague.fetch(stolen).status_code == 404


def test_words_of_two_officers_in_one_transaction_are_not_taken_for_one(
    camera, camera_of, ibc, work, database
):
    colleague, other_photo = camera_of(ibc, 1), a_photo()
    camera.send(PHOTO)
    colleague.send(other_photo)
    work()
    mine, theirs = camera.refer(PHOTO, new_id()), colleague.refer(PHOTO, new_id())

    take(database, [parcel_of(camera.phone, mine), parcel_of(colleague.phone, theirs),
                    parcel_of(colleague.phone, colleague.refer(other_photo, new_id()))])  # fmt: skip

    assert camera.sees(mine["record_id"])["state"] == "stored"
    assert colleague.sees(theirs["record_id"])["state"] is None


def test_another_phone_of_the_officer_may_send_what_the_first_has_named(
    camera, camera_of, ibc, work
):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])

    camera_of(ibc, 0, "2").send(PHOTO)
    work()

    assert camera.sees(attachment_id)["state"] == "stored"


def test_a_file_is_seen_where_its_record_is_seen(camera, camera_of, ibc, other_ibc, work, database):
    row = camera.refer(PHOTO, ibc.stops[0], "stop")
    camera.phone.push(row)
    attachment_id = row["record_id"]
    camera.send(PHOTO)
    work()
    colleague, stranger = camera_of(ibc, 1), camera_of(other_ibc)

    assert camera.fetch(attachment_id).status_code == 200
    for other in (colleague, stranger):
        for what in ("file", "thumbnail"):
            theirs, none = other.fetch(attachment_id, what), other.fetch(new_id(), what)
            assert (theirs.status_code, theirs.data) == (404, none.data)

    office_write(database, ibc.code, Put("round", ibc.round_id, {"officer_id": ibc.officers[1]}))

    assert colleague.fetch(attachment_id).status_code == 200
    assert camera.fetch(attachment_id).status_code == 404


def test_a_file_whose_record_never_came_is_seen_by_no_phone(camera, work, desk):
    row = camera.refer(PHOTO, new_id())
    camera.phone.push(row)
    camera.send(PHOTO)
    work()

    assert camera.sees(row["record_id"])["state"] == "stored"
    assert camera.fetch(row["record_id"]).status_code == 404
    assert desk().get(f"/attachments/{row['record_id']}/file").status_code == 200


def test_a_file_is_fetched_from_any_byte_and_only_once(camera, ibc, work):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])
    camera.send(PHOTO)
    work()

    whole = camera.fetch(attachment_id)
    part = camera.fetch(attachment_id, Range="bytes=100-", If_Range=whole.headers["ETag"])
    known = camera.fetch(attachment_id, If_None_Match=whole.headers["ETag"])
    beyond = camera.fetch(attachment_id, Range=f"bytes={len(whole.data)}-")

    assert (part.status_code, part.data) == (206, whole.data[100:])
    assert (known.status_code, known.data) == (304, b"")
    assert beyond.status_code == 416
    assert whole.headers["ETag"] == f'"{sha256(whole.data)}"'
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert whole.headers["Content-Disposition"] == (f"attachment; filename={sha256(PHOTO)}.jpeg")


def test_the_office_lists_files_by_record_and_state(camera, ibc, work, desk, two_states):
    stored, refused, expected = two_states
    supervisor = desk()

    every = supervisor.all("/attachments", limit=2)
    by_state = {
        state: [row["id"] for row in supervisor.all(f"/attachments?state={state}")]
        for state in ("stored", "refused", "expected")
    }

    assert [row["id"] for row in every] == sorted([stored, refused, expected])
    assert by_state == {"stored": [stored], "refused": [refused], "expected": [expected]}
    found = {row["id"]: row for row in every}
    assert found[refused]["refused_because"] == "not_a_picture"
    size = found[stored]["width"], found[stored]["height"], found[stored]["content_type"]
    assert size == (200, 400, "image/jpeg")
    owner_id = found[stored]["owner_id"]
    assert [r["id"] for r in supervisor.all(f"/attachments?owner_id={owner_id}")] == [stored]
    assert supervisor.get("/attachments?state=lost").status_code == 422


def test_no_other_office_sees_a_file(desk, other_ibc, two_states):
    stored, refused, _expected = two_states
    stranger = desk("supervisor", "CLF")

    assert stranger.get(f"/attachments/{stored}/file", at="DEF").status_code == 403
    for attachment_id in (stored, refused, new_id()):
        for what in ("file", "thumbnail"):
            assert stranger.get(f"/attachments/{attachment_id}/{what}").status_code == 404
    assert stranger.all("/attachments") == []


def test_who_keeps_the_phones_does_not_look_at_photographs(desk, two_states):
    assert desk("admin").get(f"/attachments/{two_states[0]}/file").status_code == 403
    assert desk("auditor").get(f"/attachments/{two_states[0]}/file").status_code == 200


def test_a_file_that_was_changed_in_the_store_is_not_shown(camera, two_states, settings):
    stored = two_states[0]
    assert camera.fetch(stored).status_code == 200
    for path in (settings.data_dir / "attachments").glob("??/*"):
        path.write_bytes(b"something else")

    assert camera.fetch(stored).status_code == 404


@pytest.fixture
def two_states(camera, ibc, work):
    """The ids of a reference whose file is stored, of one refused, and of one expected."""
    stored, refused, expected = (
        camera.attach(content, ibc.accounts[0]) for content in (PHOTO, NO_PICTURE, a_photo())
    )
    camera.send(PHOTO)
    camera.send(NO_PICTURE)
    work()
    return stored, refused, expected


def test_the_job_may_run_twice_and_at_the_same_time(camera, ibc, work, database, settings):
    photos = [a_photo(size=(40 + n, 30)) for n in range(4)]
    attached = [camera.attach(photo, ibc.accounts[0]) for photo in photos]
    for photo in photos:
        camera.send(photo)

    workers_ = [Thread(target=copy_context().run, args=(work,)) for _ in range(3)]
    for one_of_them in workers_:
        one_of_them.start()
    for one_of_them in workers_:
        one_of_them.join()
    logged = count(database, "mutations")

    assert work() == 0
    assert [camera.sees(a)["state"] for a in attached] == ["stored"] * 4
    assert count(database, "mutations") == logged
    assert [row.state for row in rows(database, "SELECT state FROM uploads")] == ["done"] * 4
    assert len(objects(settings)) == 8


def test_a_worker_killed_between_any_two_statements_loses_nothing(
    camera, ibc, work, database, settings
):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])
    refused_id = camera.attach(NO_PICTURE, ibc.accounts[0])
    camera.send(PHOTO)
    camera.send(NO_PICTURE)
    kills = 0

    for nth in range(1, 100):
        try:
            with killed_at(database, nth):
                work()
        except Killed:
            kills += 1
            forget_attempts(database)
        else:
            break

    assert kills > 8
    assert work() == 0
    assert camera.sees(attachment_id)["state"] == "stored"
    assert camera.sees(refused_id)["state"] == "refused"
    assert len(camera.verdicts()) == 1
    assert len(objects(settings)) == 2
    said = "SELECT count(*) FROM mutations WHERE entity = 'attachment' AND origin = 'office'"
    assert one(database, said) == 2


def test_a_phone_whose_server_is_killed_between_any_two_statements_goes_on(camera, database, parts):
    url, kills = None, 0
    for nth in range(1, 60):
        try:
            with killed_at(database, nth):
                url = camera.begin(PHOTO).headers["Location"]
                at = camera.offset(url)
                while at < len(PHOTO):
                    camera.patch(url, at, PHOTO[at : at + 1000])
                    at = camera.offset(url)
        except Killed:
            kills += 1
        else:
            break

    assert kills > 8
    assert count(database, "uploads") == 1
    assert parts.read(url.rpartition("/")[2]) == PHOTO


def test_a_file_over_which_workers_die_is_refused_in_the_end(
    camera, ibc, work, database, monkeypatch
):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])
    camera.send(PHOTO)
    monkeypatch.setattr(workers.attachments, "clean", lambda _: (_ for _ in ()).throw(Killed))

    deaths = 0
    while one(database, "SELECT state FROM uploads") == UploadStateWord.WHOLE:
        try:
            work()
        except Killed:
            deaths += 1

    assert deaths == workers.attachments.ATTEMPTS_MAX
    assert camera.sees(attachment_id)["refused_because"] == "damaged_picture"


def test_a_store_that_does_not_answer_costs_time_only(camera, ibc, work, store, database, parts):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])
    camera.send(PHOTO)

    class Silent:
        def put(self, _content):
            raise StoreUnavailable

    for _ in range(workers.attachments.ATTEMPTS_MAX + 2):
        assert workers.attachments.clean_all(database, parts, Silent(), ibc.code) == 0

    assert work() == 1
    assert camera.sees(attachment_id)["state"] == "stored"


def test_bytes_that_the_disk_has_lost_are_sent_again(camera, ibc, work, parts, database):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])
    url = camera.send(PHOTO)
    parts.delete(url.rpartition("/")[2])

    assert work() == 0
    assert camera.head(url).status_code == 404
    camera.send(PHOTO)

    assert work() == 1
    assert camera.sees(attachment_id)["state"] == "stored"


def test_metrics_say_how_many_files_wait_for_a_worker(camera, app, work):
    camera.send(PHOTO)
    before = app.test_client().get("/metrics").text
    work()
    after = app.test_client().get("/metrics").text

    assert 'fieldledger_uploads{ibc="DEF",state="whole"} 1.0' in before
    assert 'fieldledger_uploads{ibc="DEF",state="done"} 1.0' in after


def test_bytes_that_the_disk_has_changed_are_not_taken_for_the_file(
    camera, ibc, work, parts, settings
):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])
    url = camera.send(PHOTO)
    (settings.uploads_dir / url.rpartition("/")[2]).write_bytes(a_photo())

    assert work() == 0
    assert camera.sees(attachment_id)["state"] is None
    assert camera.head(url).status_code == 404


def test_the_clock_does_it_when_no_bell_is_heard(
    camera, ibc, settings, database, monkeypatch, application
):
    attachment_id = camera.attach(PHOTO, ibc.accounts[0])
    camera.send(PHOTO)
    bell = application.extensions["fieldledger"].bell
    for module in (workers.clock, workers.attachments):
        monkeypatch.setattr(module, "database", lambda: database)
        monkeypatch.setattr(module, "bell", lambda: bell)
    monkeypatch.setattr(workers.attachments, "settings", lambda: settings)

    workers.clock._clean_uploads()

    assert camera.sees(attachment_id)["state"] == "stored"
    assert list(settings.uploads_dir.iterdir()) == []


def test_a_photograph_never_stands_in_the_way_of_a_collection(camera, ibc, database):
    """A receipt whose photograph never comes is posted like any other."""
    money = camera.phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001"))
    word = camera.refer(PHOTO, money["record_id"], "collection")

    outcomes = camera.phone.push(word, money).outcomes

    assert [outcome.outcome.value for outcome in outcomes] == ["applied", "applied"]


def test_every_database_answers_alike_to_a_batch_of_words(camera, ibc, work, database):
    """Known and unknown files, one of them twice, in one push."""
    camera.send(PHOTO)
    camera.send(NO_PICTURE)
    work()
    visit = camera.visit(ibc.accounts[0])
    batch = [camera.refer(c, visit, position=n + 1)
             for n, c in enumerate((PHOTO, NO_PICTURE, a_photo(), PHOTO))]  # fmt: skip

    camera.phone.push(*batch)
    before = everything(database, without=("device_chains",))
    again = camera.phone.push(*batch)

    states = [camera.sees(row["record_id"])["state"] for row in batch]
    assert states == ["stored", "refused", None, "stored"]
    assert all(outcome.replayed for outcome in again.outcomes)
    assert everything(database, without=("device_chains",)) == before
    anew = a_phone(database, ibc, 0, "3")
    anew.pull_all()
    assert [anew.see("attachment", r["record_id"])["state"] for r in batch] == states


def forget_attempts(database):
    """The kills of this test are not the file's fault."""
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE uploads SET attempts = 0")
