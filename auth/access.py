"""Default deny: a view carries a mark that says who may call it, or it is closed."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from auth.principals import Principal
from auth.roles import Permission

MARK = "access_mark"
View = TypeVar("View", bound=Callable[..., Any])


class Access(StrEnum):
    """What to answer."""

    ALLOWED = "allowed"
    SIGN_IN = "sign_in"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True)
class Mark:
    """Who may call a view: anybody when `needed` is empty, else whoever holds all of it."""

    needed: frozenset[Permission]
    welcomes: bool = False
    """Whether who brings a good token is recognised, although nobody needs one."""


def public(view: View) -> View:
    """Anybody may call this view: signing in, health, static pages."""
    return _marked(view, Mark(frozenset()))


def carried(view: View) -> View:
    """Anybody may bring this; who brings a good token is known as its carrier (ruling 8)."""
    return _marked(view, Mark(frozenset(), welcomes=True))


def requires(*permissions: Permission) -> Callable[[View], View]:
    """Only a principal that holds all of these may call this view."""
    assert permissions, "a view that needs no permission says @public"
    return lambda view: _marked(view, Mark(frozenset(permissions)))


def mark_of(view: Callable[..., Any]) -> Mark | None:
    """The view's mark; decorators that keep `__dict__` (functools.wraps) keep it."""
    mark: Mark | None = getattr(view, MARK, None)
    return mark


def decide(
    view: Callable[..., Any], principal: Principal | None, *, ibc_id: str | None = None
) -> Access:
    """May this principal call this view, at the IBC that the address names (None: it names none)?

    An IBC that does not exist and one where the principal holds nothing look alike: forbidden.
    """
    mark = mark_of(view)
    if mark is None:
        return Access.FORBIDDEN
    if not mark.needed:
        return Access.ALLOWED
    if principal is None:
        return Access.SIGN_IN
    if all(principal.may(permission, ibc_id=ibc_id) for permission in mark.needed):
        return Access.ALLOWED
    return Access.FORBIDDEN


def _marked(view: View, mark: Mark) -> View:
    assert mark_of(view) is None, f"{view.__name__} has two access marks; keep one"
    setattr(view, MARK, mark)
    return view
