"""Bytes by tus: what is told to be safe is safe, and nobody else's hands reach it."""

import base64
import hashlib
import os
import resource
from contextlib import contextmanager
from io import BytesIO

import pytest
from werkzeug.test import EnvironBuilder

import workers.attachments
from api import attachments, tus
from auth import tokens
from auth.keys import keys_of
from auth.tokens import Claims
from infra import part_files
from infra.ids import new_id
from infra.tenancy import NOBODY, within
from models.device import DeviceState
from sync import device_life, uploads
from sync.uploads import Sender
from tests.building import CLERK, NOW
from tests.integration.attachments.pictures import a_photo
from tests.integration.attachments.sending import BYTES, SECRET_KEY, UPLOADS, encoded, sha256
from tests.integration.sync.looking import count, one, rows

PHOTO = a_photo()


def checksum(name, content):
    return f"{name} {base64.b64encode(hashlib.new(name, content).digest()).decode()}"


def test_what_the_server_can_do_is_told_to_anybody(app):
    answer = app.test_client().options(UPLOADS)

    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Tus-Resumable"] == answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "termination", "checksum", "expiration",
    }  # fmt: skip
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha256,sha1"
    assert answer.headers["Tus-Max-Size"] == str(10 * 1024 * 1024)


def test_a_file_is_begun_sent_and_whole(camera, parts, database):
    begun = camera.begin(PHOTO)
    url = begun.headers["Location"]
    asked = camera.head(url)
    sent = camera.patch(url, 0, PHOTO)

    assert (begun.status_code, asked.status_code, sent.status_code) == (201, 200, 204)
    assert url.startswith(f"{UPLOADS}/")
    assert asked.headers["Upload-Length"] == str(len(PHOTO))
    assert asked.headers["Cache-Control"] == "no-store"
    assert [a.headers["Upload-Offset"] for a in (begun, asked, sent)] == ["0", "0", str(len(PHOTO))]
    assert {a.headers["Upload-Expires"] for a in (begun, asked, sent)} == {
        "Wed, 15 Apr 2026 09:00:00 GMT"
    }
    assert one(database, "SELECT state FROM uploads") == "whole"
    assert parts.read(url.rpartition("/")[2]) == PHOTO


def test_a_small_file_needs_one_request(camera, database):
    answer = camera.ask(
        "POST", UPLOADS, data=PHOTO, Content_Type=BYTES, Upload_Length=len(PHOTO),
        Upload_Metadata=f"sha256 {encoded(sha256(PHOTO))}",
    )  # fmt: skip

    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(PHOTO)))
    assert one(database, "SELECT state FROM uploads") == "whole"


@pytest.mark.parametrize("cut", [1, 7, len(PHOTO) // 2, len(PHOTO) - 1])
def test_cut_at_any_byte_and_resumed_it_is_equal(camera, parts, cut):
    url = camera.begun(PHOTO)
    with interrupted(camera, url, PHOTO, cut) as answer:
        assert answer.status_code == 204

    assert camera.offset(url) == cut
    camera.patch(url, cut, PHOTO[cut:])
    assert camera.offset(url) == len(PHOTO)
    assert parts.read(url.rpartition("/")[2]) == PHOTO


def test_every_byte_by_itself_makes_the_same_file(camera, parts):
    content = PHOTO[:40]
    url = camera.begun(content)

    for at in range(40):
        assert camera.patch(url, at, content[at : at + 1]).status_code == 204

    assert parts.read(url.rpartition("/")[2]) == content


def test_a_phone_that_falls_silent_keeps_what_came_and_no_thread(camera):
    url = camera.begun(PHOTO)
    connection = Connection()

    with interrupted(
        camera, url, PHOTO, 100, FallingSilent, **{"gunicorn.socket": connection}
    ) as answer:
        assert answer.status_code == 204

    assert connection.patience == tus.SILENCE_SECONDS_MAX
    assert camera.offset(url) == 100


def test_a_cut_request_with_a_checksum_is_thrown_away(camera):
    url = camera.begun(PHOTO)

    with interrupted(
        camera, url, PHOTO, 10, HTTP_UPLOAD_CHECKSUM=checksum("sha1", PHOTO)
    ) as answer:
        assert answer.status_code == 460

    assert camera.offset(url) == 0


@pytest.mark.parametrize("name", ["sha256", "sha1"])
def test_bytes_that_are_not_those_of_the_checksum_are_thrown_away(camera, name):
    url = camera.begun(PHOTO)
    half = PHOTO[:20]

    wrong = camera.patch(url, 0, half, Upload_Checksum=checksum(name, half + b"!"))
    nothing = camera.offset(url)
    right = camera.patch(url, 0, half, Upload_Checksum=checksum(name, half))

    assert (wrong.status_code, wrong.json["type"]) == (460, "/problems/wrong-checksum")
    assert (nothing, right.status_code, camera.offset(url)) == (0, 204, 20)


def test_a_file_that_is_another_than_announced_is_given_up(camera, parts, database):
    url = camera.begun(PHOTO)

    answer = camera.patch(url, 0, PHOTO[:-1] + b"!")

    assert (answer.status_code, answer.json["do"]) == (460, "retry")
    assert camera.head(url).status_code == 404
    assert count(database, "uploads") == 0
    assert parts.read(url.rpartition("/")[2]) is None


def test_only_the_next_byte_may_come(camera):
    url = camera.begun(PHOTO)
    camera.patch(url, 0, PHOTO[:10])

    early, late = camera.patch(url, 11, PHOTO[11:]), camera.patch(url, 0, PHOTO)

    assert {early.status_code, late.status_code} == {409}
    assert early.json["type"] == "/problems/other-offset"
    assert camera.offset(url) == 10


def test_more_than_announced_is_not_taken(camera):
    url = camera.begun(PHOTO)

    answer = camera.patch(url, 0, PHOTO + b"!")

    assert answer.status_code == 413
    assert camera.offset(url) == 0


def test_of_two_who_send_at_once_one_wins(camera, parts):
    url = camera.begun(PHOTO)

    with parts.alone(url.rpartition("/")[2]):
        answer = camera.patch(url, 0, PHOTO)

    assert (answer.status_code, answer.json["type"]) == (423, "/problems/upload-busy")
    assert camera.patch(url, 0, PHOTO).status_code == 204


def test_who_was_overtaken_before_he_was_alone_is_told(camera, monkeypatch):
    """Both have read the same offset; the second gets the file when the first has finished."""
    url = camera.begun(PHOTO)
    find = attachments._find
    asked = []

    def overtaken(sender, upload_id):
        found = find(sender, upload_id)
        asked.append(found)
        if len(asked) == 1:
            camera.patch(url, 0, PHOTO[:30])
        return found

    monkeypatch.setattr(attachments, "_find", overtaken)
    answer = camera.patch(url, 0, PHOTO[:10])

    assert answer.status_code == 409
    assert camera.offset(url) == 30


def test_of_two_promises_on_one_offset_the_database_keeps_one(camera, database):
    """Where the lock on the file does not reach, as on a shared folder, the row decides."""
    url = camera.begun(PHOTO)
    phone = camera.phone
    sender = Sender(ibc_id="DEF", device_id=phone.device_id, officer_id=phone.officer_id)
    with database.read() as connection:
        before = uploads.find(connection, sender, url.rpartition("/")[2], NOW)

    database.transact(lambda c: uploads.advance(c, "DEF", before, 30, NOW))
    with pytest.raises(uploads.OtherOffset):
        database.transact(lambda c: uploads.advance(c, "DEF", before, 20, NOW))

    assert camera.offset(url) == 30


def test_a_lost_answer_costs_nothing(camera, database):
    url = camera.begun(PHOTO)
    camera.patch(url, 0, PHOTO[:25])

    again = camera.begin(PHOTO)

    assert (again.headers["Location"], again.headers["Upload-Offset"]) == (url, "25")
    assert count(database, "uploads") == 1


def test_the_last_answer_may_be_lost_too(camera, work):
    url = camera.send(PHOTO)

    assert camera.offset(url) == len(PHOTO)
    assert camera.patch(url, len(PHOTO), b"").status_code == 204
    assert work() == 1
    assert camera.offset(url) == len(PHOTO)
    assert camera.begin(PHOTO).headers["Upload-Offset"] == str(len(PHOTO))


def test_an_unfinished_upload_can_be_given_up(camera, parts):
    url = camera.begun(PHOTO)
    camera.patch(url, 0, PHOTO[:10])

    assert camera.ask("DELETE", url).status_code == 204

    assert camera.head(url).status_code == camera.ask("DELETE", url).status_code == 404
    assert parts.read(url.rpartition("/")[2]) is None


def test_what_has_arrived_is_not_given_up(camera, work):
    url = camera.send(PHOTO)
    attachment_id = camera.attach(PHOTO, "0400000000001")

    answer = camera.ask("DELETE", url)

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/upload-whole")
    assert work() == 1
    assert camera.sees(attachment_id)["state"] == "stored"


def test_another_phones_upload_looks_like_none(camera, camera_of, ibc, other_ibc):
    url = camera.begun(PHOTO)
    nothing = f"{UPLOADS}/{new_id()}"
    others = [camera_of(ibc, 0, "2"), camera_of(ibc, 1), camera_of(other_ibc)]

    for other in others:
        for ask in (other.head, lambda u, o=other: o.patch(u, 0, PHOTO),
                    lambda u, o=other: o.ask("DELETE", u)):  # fmt: skip
            theirs, none = ask(url), ask(nothing)
            assert (theirs.status_code, theirs.data) == (404, none.data)
    assert camera.offset(url) == 0


def test_a_revoked_phone_sends_no_more(camera, database, clock):
    url = camera.begun(PHOTO)
    database.transact(
        lambda c: device_life.end_device(
            c, "DEF", camera.phone.device_id, DeviceState.REVOKED, author_id=CLERK, now=NOW
        )
    )
    clock[0] += 5_000

    answers = [camera.begin(PHOTO), camera.head(url), camera.patch(url, 0, PHOTO)]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert one(database, "SELECT received FROM uploads") == 0


@pytest.mark.parametrize("role", ["supervisor", "auditor", "admin"])
def test_a_desk_sends_no_photographs(camera, desk, role):
    camera.token = desk(role).token

    assert camera.begin(PHOTO).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus_Resumable": "0.2.2"}, 412),
        ({"Upload_Length": ""}, 400),
        ({"Upload_Length": "0"}, 400),
        ({"Upload_Length": "-1"}, 400),
        ({"Upload_Length": "1e3"}, 400),
        ({"Upload_Length": "٣"}, 400),
        ({"Upload_Length": str(10 * 1024 * 1024 + 1)}, 413),
        ({"Upload_Metadata": ""}, 400),
        ({"Upload_Metadata": "sha256"}, 400),
        ({"Upload_Metadata": "sha256 !!!"}, 400),
        ({"Upload_Metadata": f"sha256 {encoded(sha256(PHOTO).upper())}"}, 400),
        ({"Upload_Metadata": f"sha256 {encoded('../../../../etc/passwd')}"}, 400),
        ({"Upload_Metadata": f"sha256 {encoded('../' * 20 + 'aaaa')}"}, 400),
        ({"Upload_Metadata": f"sha256 {encoded(b'0' * 63 + bytes([0]))}"}, 400),
    ],
)  # fmt: skip
def test_an_announcement_that_cannot_stand_leaves_nothing(camera, database, headers, status):
    # A header of the wire is Latin-1.
    headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}

    answer = camera.begin(PHOTO, **headers)

    assert answer.status_code == status
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert (answer.headers.get("Tus-Version") == "1.0.0") == (status == 412)
    assert ("ATTACHMENT_BYTES_MAX" in answer.text) == (status == 413)
    assert count(database, "uploads") == 0


@pytest.mark.parametrize(
    "name", ["../../secret_key", "/etc/passwd", "..\\..\\x", "a\0b", "x" * 5000, "تصویر.jpg", ""]
)
def test_the_name_that_a_phone_gives_its_file_is_read_by_nobody(camera, settings, name):
    metadata = f"filename {encoded(name)},sha256 {encoded(sha256(PHOTO))}"
    url = camera.begin(PHOTO, Upload_Metadata=metadata).headers["Location"]
    camera.patch(url, 0, PHOTO)

    files = [path for path in settings.data_dir.rglob("*") if path.is_file()]

    assert [p.name for p in files if p.parent == settings.uploads_dir] == [url.rpartition("/")[2]]
    assert all(path.is_relative_to(settings.data_dir) for path in files)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "application/json"}, 415),
        ({"Upload_Offset": "x"}, 400),
        ({"Upload_Checksum": "md5 " + encoded(b"0" * 16)}, 400),
        ({"Upload_Checksum": "sha256 ???"}, 400),
        ({"Upload_Checksum": "sha256"}, 460),
        ({"Tus_Resumable": ""}, 412),
    ],
)
def test_bytes_that_come_wrongly_are_not_taken(camera, headers, status):
    url = camera.begun(PHOTO)
    usual = {"Upload_Offset": 0, "Content_Type": BYTES}

    answer = camera.ask("PATCH", url, data=PHOTO, **usual | headers)

    assert answer.status_code == status
    assert camera.offset(url) == 0


def test_an_address_that_is_no_upload_of_ours_is_nothing(camera):
    for odd in ("..%2f..%2fsecret_key", "x", "0" * 64):
        assert camera.head(f"{UPLOADS}/{odd}").status_code == 404


def test_a_phone_may_begin_so_many_bytes_a_day(camera, camera_of, ibc, clock, monkeypatch):
    photos = [a_photo(seed=n) for n in range(3)]
    monkeypatch.setattr(uploads, "ATTACHMENT_DAY_BYTES_MAX", len(photos[0]) + len(photos[1]))
    for photo in photos[:2]:
        camera.send(photo)

    spent = camera.begin(photos[2])
    known, other = camera.begin(photos[0]), camera_of(ibc, 0, "2").begin(photos[2])
    clock[0] += uploads.DAY_MS + 1
    tomorrow = tokens_still_good(camera, clock).begin(photos[2])

    assert (spent.status_code, spent.json["type"]) == (413, "/problems/quota-spent")
    assert "ATTACHMENT_DAY_BYTES_MAX" in spent.json["detail"]
    assert [a.status_code for a in (known, other, tomorrow)] == [201] * 3


def test_a_phone_may_begin_so_many_files_a_day(camera, monkeypatch):
    monkeypatch.setattr(uploads, "ATTACHMENT_DAY_FILES_MAX", 2)

    answers = [camera.begin(a_photo(seed=n)) for n in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 413]
    assert "ATTACHMENT_DAY_FILES_MAX" in answers[2].json["detail"]


def test_room_on_the_disk_is_left_to_the_database(camera, database, monkeypatch):
    monkeypatch.setattr(part_files, "FREE_BYTES_MIN", 1 << 60)

    answer = camera.begin(PHOTO)

    assert (answer.status_code, answer.json["do"]) == (507, "retry")
    assert count(database, "uploads") == 0


def test_a_disk_that_fills_keeps_what_was_promised(camera, parts, monkeypatch):
    url = camera.begun(PHOTO)
    camera.patch(url, 0, PHOTO[:10])
    append = part_files.PartFile.append

    def on_a_full_disk(*arguments):
        with files_may_have(15):
            return append(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(part_files.PartFile, "append", on_a_full_disk)
        answer = camera.patch(url, 10, PHOTO[10:])

    assert (answer.status_code, answer.json["type"]) == (507, "/problems/no-space")
    assert len(parts.read(url.rpartition("/")[2])) == camera.offset(url) == 10
    assert camera.patch(url, 10, PHOTO[10:]).status_code == 204


def test_what_was_not_promised_is_written_over(camera, parts):
    """Killed between the disk and the database: the file is longer than anybody was told."""
    url = camera.begun(PHOTO)
    camera.patch(url, 0, PHOTO[:10])
    with parts.alone(url.rpartition("/")[2]) as part:
        part.append(10, [b"bytes that nobody was told of" * 99])

    assert camera.offset(url) == 10
    assert camera.patch(url, 10, PHOTO[10:]).status_code == 204
    assert parts.read(url.rpartition("/")[2]) == PHOTO


def test_a_file_that_the_disk_has_lost_is_begun_anew(camera, parts, database):
    url = camera.begun(PHOTO)
    camera.patch(url, 0, PHOTO[:10])
    parts.delete(url.rpartition("/")[2])

    gone = camera.patch(url, 10, PHOTO[10:])

    assert (gone.status_code, gone.json["type"]) == (410, "/problems/upload-gone")
    assert camera.head(url).status_code == 404
    camera.send(PHOTO)
    assert one(database, "SELECT state FROM uploads") == "whole"


def test_threads_are_left_for_those_who_bring_money(camera, settings):
    url = camera.begun(PHOTO)
    most = settings.web_threads // 2
    for _ in range(most):
        attachments.SENDING.take(most)

    busy = camera.patch(url, 0, PHOTO)
    for _ in range(most):
        attachments.SENDING.give_back()

    assert (busy.status_code, busy.json["type"]) == (503, "/problems/uploads-busy")
    assert busy.headers["Retry-After"]
    assert camera.patch(url, 0, PHOTO).status_code == 204


def test_half_files_are_swept_when_nothing_comes_for_a_week(camera, parts, database, clock):
    old = camera.begun(PHOTO)
    camera.patch(old, 0, PHOTO[:10])
    clock[0] += uploads.UPLOAD_KEPT_MS
    young = tokens_still_good(camera, clock).begun(a_photo(seed=1))
    last_changed(parts, at=NOW)

    expired = camera.patch(old, 10, PHOTO[10:])
    assert workers.attachments.sweep(database, parts) == 1

    assert (expired.status_code, expired.json["type"]) == (410, "/problems/upload-gone")
    assert parts.read(old.rpartition("/")[2]) is None
    assert parts.read(young.rpartition("/")[2]) == b""
    assert [row.id for row in rows(database, "SELECT id FROM uploads")] == [
        young.rpartition("/")[2]
    ]


def test_a_part_file_that_nobody_owns_yet_is_left_alone(database, parts, clock):
    parts.begin(new_id(), 1)
    last_changed(parts, at=NOW)
    clock[0] = NOW + uploads.DAY_MS
    assert workers.attachments.sweep(database, parts) == 0

    clock[0] += 1
    assert workers.attachments.sweep(database, parts) == 1


def test_a_sweep_that_says_for_nobody_still_sees_who_owns_a_file(
    camera, parts, database, clock, monkeypatch, settings
):
    """Behind the second wall who says for no IBC sees no upload, and would take all files for lost."""
    url = camera.begun(PHOTO)
    last_changed(parts, at=NOW)
    clock[0] = NOW + uploads.DAY_MS + 1
    monkeypatch.setattr(workers.attachments, "database", lambda: database)
    monkeypatch.setattr(workers.attachments, "settings", lambda: settings)

    with within(NOBODY):
        assert workers.attachments.sweep_uploads() == 0

    assert parts.read(url.rpartition("/")[2]) == b""


def last_changed(parts, *, at):
    for path in parts.folder.glob("*"):
        os.utime(path, ns=(at * 1_000_000, at * 1_000_000))


def tokens_still_good(camera, clock):
    """A token lives a quarter of an hour; the phone has refreshed it."""
    phone = camera.phone
    claims = Claims(staff_id=phone.officer_id, device_id=phone.device_id, ibc_id=phone.code)
    camera.token = tokens.issue(keys_of(SECRET_KEY), claims, now=clock[0])
    return camera


@contextmanager
def files_may_have(byte_count):
    """The kernel refuses to let a file grow further, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (byte_count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class FallingSilent(BytesIO):
    """A connection on which nothing more comes, and that does not end."""

    def read(self, size=-1):
        piece = super().read(size)
        if not piece:
            raise TimeoutError
        return piece


class Connection:
    """What gunicorn gives a request of its socket."""

    patience = None

    def settimeout(self, seconds):
        self.patience = seconds


@contextmanager
def interrupted(camera, url, content, cut, stream=BytesIO, **environ):
    """A PATCH whose connection ends after `cut` bytes."""
    builder = EnvironBuilder(
        method="PATCH",
        path=url,
        headers={
            "Authorization": f"Bearer {camera.token}",
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": BYTES,
        },
        environ_overrides={"CONTENT_LENGTH": str(len(content)), **environ},
    )
    builder.input_stream = stream(content[:cut])
    yield camera.client.open(builder)
