"""What an operator's command runs in: the application, and every IBC of the database."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask.cli import with_appcontext

from infra.tenancy import EVERY, within


def upkeep(command: Callable[..., None]) -> Callable[..., None]:
    """Upkeep crosses the IBCs, and says so here: nothing else does without a word."""

    @wraps(command)
    def ran(*arguments: Any, **options: Any) -> None:
        with within(EVERY):
            command(*arguments, **options)

    wrapped: Callable[..., None] = with_appcontext(ran)
    return wrapped
