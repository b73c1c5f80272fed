"""What an installation may choose: read once from the environment, refused by name when unsafe or unknown."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from infra.ids import new_token

PREFIX = "FIELDLEDGER_"
SHARED_NAMES = ("DATABASE_URL", "REDIS_URL", "PORT", "DATA_DIR", "SECRET_KEY")
SECRET_BYTES_MIN = 32
STORE = re.compile(r"(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9/_.-]*)?)?", re.ASCII)
CHECKOUT = Path(__file__).resolve().parent.parent


class UnsafeSetting(Exception):
    """A setting is unknown, unreadable or unsafe; the message names it and says what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every choice an operator has, with the default that keeps everything inside the checkout."""

    database_url: str
    """SQLAlchemy address: `sqlite:////path/file.db` or `postgresql+psycopg://…`."""
    redis_url: str
    """Address of Redis or Valkey: `unix:///path/valkey.sock` or `redis://host:port/0`."""
    data_dir: Path
    """Folder of the embedded database, the queue's append-only file, logs and files."""
    secret_key: str
    """Signs access tokens; at least 32 bytes. Made and kept in the data folder when not given."""
    port: int = 8000
    """Where the web server listens, on loopback unless `host` says otherwise."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    web_processes: int = 2
    """Web server processes."""
    web_threads: int = 8
    """Threads in each web process; a database connection each."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    sweep_seconds: float = 2.0
    """How often the clock process rings the bells that were lost."""
    database_role: str = ""
    """PostgreSQL: the role that everything but migrations and restores works as. `field_app`, made by
    the migrations, is held by row-level security; empty: whoever `database_url` signs in as.
    """
    attachments_store: str = ""
    """Where attachments are kept: `s3://bucket/prefix` (with boto3's `AWS_…`), or the data folder when empty."""
    demo: bool = True
    """Whether a new database is filled with the demonstration IBC, whose sign-ins are printed."""

    @property
    def files_dir(self) -> Path:
        """Where files named by their hash are kept: parts of snapshots."""
        return self.data_dir / "files"

    @property
    def uploads_dir(self) -> Path:
        """Where attachments grow until they are whole; web and workers must share it."""
        return self.data_dir / "uploads"

    @property
    def statements_dir(self) -> Path:
        """Where statement files are kept as they were sent."""
        return self.data_dir / "statements"


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises UnsafeSetting with the name of the first that cannot stand.

    `DATABASE_URL`, `REDIS_URL`, `PORT`, `DATA_DIR` and `SECRET_KEY` keep the names that hosting
    platforms give them; the rest carry the prefix `FIELDLEDGER_`, and an unknown name with that
    prefix is an error, because a misspelt setting is a setting that silently does nothing.
    """
    environ = os.environ if environ is None else environ
    names = {_environment_name(field.name): field for field in fields(Settings)}
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in names)
    if unknown:
        raise UnsafeSetting(f"{unknown[0]} is not a setting; known are {', '.join(sorted(names))}")

    given: dict[str, Any] = {  # Any: each field has its own type, which _read has made.
        field.name: _read(name, environ[name], field.type)
        for name, field in names.items()
        if environ.get(name)
    }
    data_dir = Path(given.pop("data_dir", CHECKOUT / ".run")).absolute()
    defaults: dict[str, Any] = {
        "data_dir": data_dir,
        "database_url": f"sqlite:///{data_dir / 'fieldledger.db'}",
        "redis_url": f"unix://{data_dir / 'valkey.sock'}",
    }
    if "secret_key" not in given:
        defaults["secret_key"] = _kept_secret(data_dir)
    settings = Settings(**{**defaults, **given})
    if len(settings.secret_key.encode()) < SECRET_BYTES_MIN:
        raise UnsafeSetting(f"SECRET_KEY must have at least {SECRET_BYTES_MIN} bytes")
    if not STORE.fullmatch(settings.attachments_store):
        raise UnsafeSetting(
            "FIELDLEDGER_ATTACHMENTS_STORE must be like s3://bucket/prefix, or empty"
        )
    return settings


def _environment_name(field_name: str) -> str:
    upper = field_name.upper()
    return upper if upper in SHARED_NAMES else PREFIX + upper


def _read(name: str, text: str, kind: object) -> object:
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[
                text.lower()
            ]
        if kind in (int, float):
            return kind(text)
    except (KeyError, ValueError):
        raise UnsafeSetting(f"{name}={text!r} cannot be read as {kind}") from None
    return text


def _kept_secret(data_dir: Path) -> str:
    """The secret of this installation, made at the first start and readable by its owner only."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(new_token(48))
    return path.read_text()
