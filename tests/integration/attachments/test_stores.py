"""A folder and a bucket keep the same promises."""

import hashlib
import subprocess
import sys
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import pytest

import workers.attachments
from api.context import EXTENSION, Parts
from infra import child
from infra.ids import new_token
from infra.settings import UnsafeSetting, from_environment
from infra.store import StoreUnavailable, store_of
from tests.installation import free_port
from tests.integration.attachments.conftest import plain_settings
from tests.integration.attachments.pictures import a_photo, opened
from tests.services import end, wait_until

CONTENTS = (b"", b"x", b"\0" * 5_000_000, a_photo())


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    """The address of an S3 in a process of its own (moto)."""
    port = free_port()
    log = tmp_path_factory.mktemp("s3") / "log"
    command = (sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port))
    with log.open("wb") as file:
        server = child.start(command, file)
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(address), server, log)
    yield address
    end(server)


@pytest.fixture(params=["folder", "S3"])
def chosen(request, tmp_path, monkeypatch):
    """Settings of an installation with either store."""
    if request.param == "folder":
        return plain_settings(tmp_path)
    address = request.getfixturevalue("s3")
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"b{new_token(9).lower().replace('_', '-')}z"
    place = {"LocationConstraint": "eu-central-1"}
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    return plain_settings(tmp_path, attachments_store=f"s3://{bucket}/photos")


@pytest.mark.parametrize("content", CONTENTS, ids=["nothing", "a byte", "5 MB", "a photo"])
def test_what_is_put_is_read_by_its_hash(chosen, content):
    store = store_of(chosen)

    name = store.put(content)

    assert name == hashlib.sha256(content).hexdigest()
    assert store.put(content) == name
    assert store_of(chosen).read(name) == content


@pytest.mark.parametrize(
    "name", ["0" * 64, "", "..", "../" * 21 + "x", "A" * 64, "0" * 63 + "\0", "0" * 63 + "/"]
)
def test_what_was_never_put_is_nothing(chosen, name):
    assert store_of(chosen).read(name) is None


def test_what_was_changed_behind_its_back_is_nothing(chosen):
    store = store_of(chosen)
    name = store.put(b"a photograph")
    if chosen.attachments_store:
        bucket = chosen.attachments_store.split("/")[2]
        key = f"photos/{name[:2]}/{name}"
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"another")
    else:
        (store.folder / name[:2] / name).write_bytes(b"another")

    assert store.read(name) is None


def test_a_photograph_goes_all_the_way(chosen, app, camera, ibc, database, monkeypatch):
    parts = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = Parts(chosen, database, parts.bell)
    monkeypatch.setattr(workers.attachments, "settings", lambda: chosen)
    photo = a_photo(turned=True)
    attachment_id = camera.attach(photo, ibc.accounts[0])
    camera.send(photo)

    settled = workers.attachments.clean_all(
        database, workers.attachments.part_files(), store_of(chosen), ibc.code
    )

    answer = camera.fetch(attachment_id)
    part = camera.fetch(attachment_id, Range="bytes=5-9")
    assert (settled, answer.status_code, part.data) == (1, 200, answer.data[5:10])
    assert opened(answer.data).size == (32, 48)
    assert opened(camera.fetch(attachment_id, "thumbnail").data).format == "JPEG"


def test_a_bucket_that_is_not_there_is_said_and_not_taken_for_an_empty_one(
    s3, tmp_path, monkeypatch
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    store = store_of(plain_settings(tmp_path, attachments_store="s3://no-such-bucket"))

    with pytest.raises(StoreUnavailable):
        store.put(b"x")
    with pytest.raises(StoreUnavailable):
        store.read("0" * 64)


def test_an_s3_that_does_not_answer_is_unavailable(
    app, camera, ibc, work, database, settings, monkeypatch
):
    photo = a_photo()
    attachment_id = camera.attach(photo, ibc.accounts[0])
    camera.send(photo)
    work()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    silent = plain_settings(settings.data_dir, attachments_store="s3://some-bucket")
    app.extensions[EXTENSION] = Parts(silent, database, app.extensions[EXTENSION].bell)

    answer = camera.fetch(attachment_id)

    assert (answer.status_code, answer.json["type"]) == (503, "/problems/unavailable")
    assert "127.0.0.1" not in answer.text


@pytest.mark.parametrize("address", ["s3:/x", "https://bucket", "s3://UPPER", "s3://b", "/folder"])
def test_a_store_that_cannot_be_read_is_refused_by_its_name(tmp_path, address):
    given = {"DATA_DIR": str(tmp_path), "FIELDLEDGER_ATTACHMENTS_STORE": address}

    with pytest.raises(UnsafeSetting, match="FIELDLEDGER_ATTACHMENTS_STORE"):
        from_environment(given)


def test_boto_is_loaded_only_where_a_bucket_is_named():
    said = "import sys, wsgi; print('boto3' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)

    assert ran.stdout.strip().endswith("False")


def answers(address):
    try:
        with urlopen(address, timeout=2):
            return True
    except URLError:
        return False
