"""What a request works with: the parts of this process, and who is asking."""

from dataclasses import dataclass
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask import current_app, g

from auth.keys import Keys, keys_of
from auth.log_key import kept_key
from auth.principals import Principal, RecentPrincipals
from auth.sealing import kept_outbox_key
from infra.clock import Milliseconds, now_ms
from infra.database import Database
from infra.queue import Bell
from infra.settings import Settings
from sync.together import Together
from sync.witness import Witnesses

EXTENSION = "fieldledger"


@dataclass
class Parts:
    """The parts that one process is composed of."""

    settings: Settings
    database: Database
    bell: Bell

    @cached_property
    def owners_database(self) -> Database:
        """The same database as whoever owns its tables: for migrations and restores."""
        return Database(self.settings.database_url)

    @cached_property
    def keys(self) -> Keys:
        return keys_of(self.settings.secret_key)

    @cached_property
    def pushes(self) -> Together:
        return Together(self.database)

    @cached_property
    def witnesses(self) -> Witnesses:
        return Witnesses(self.database, self.server_key)

    @cached_property
    def server_key(self) -> Ed25519PrivateKey:
        """With which the installation signs; it lies beside the database."""
        return kept_key(self.settings.data_dir)

    @cached_property
    def outbox_key(self) -> X25519PrivateKey:
        """With which it opens outboxes that left a phone as a file."""
        return kept_outbox_key(self.settings.data_dir)

    @cached_property
    def recent(self) -> RecentPrincipals:
        return RecentPrincipals()


class Context:
    """The parts, the time and the principal of the request at hand."""

    @property
    def parts(self) -> Parts:
        parts: Parts = current_app.extensions[EXTENSION]
        return parts

    @property
    def settings(self) -> Settings:
        return self.parts.settings

    @property
    def database(self) -> Database:
        return self.parts.database

    @property
    def keys(self) -> Keys:
        return self.parts.keys

    @property
    def principal(self) -> Principal:
        """Who asks; only views that require a permission have one."""
        principal: Principal = g.principal
        return principal

    @property
    def carrier(self) -> Principal | None:
        """Who brings this request, at a view that recognises people and needs none."""
        carrier: Principal | None = g.principal
        return carrier

    def now(self) -> Milliseconds:
        return now_ms()

    def ring(self, queue: str, ibc_id: str) -> None:
        """Say that there is something to do; best effort, after the commit."""
        self.parts.bell.ring(queue, ibc_id)


CONTEXT = Context()


def context() -> Context:
    """The context of the request at hand."""
    return CONTEXT
