"""The log's key is made once, whoever comes first, and only its owner may read it."""

from concurrent.futures import ThreadPoolExecutor

from auth.log_key import kept_key


def test_many_who_come_at_once_get_one_key(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _: kept_key(tmp_path).private_bytes_raw(), range(32)))

    assert len(set(keys)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["log_key"]
    assert (tmp_path / "log_key").stat().st_mode & 0o777 == 0o600
