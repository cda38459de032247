"""What the commands that are twins of pages share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from lakesmith.errors import SelectionError

if TYPE_CHECKING:
    from lakesmith.api.project import Project
    from lakesmith.api.viewing import Viewing

View = TypeVar("View")


@contextmanager
def show(given: Mapping[str, Any]) -> Iterator[tuple[Project, Viewing]]:
    """Open a project and its record for looking."""
    import lakesmith
    from lakesmith.api.viewing import Viewing

    project = lakesmith.open(given["folder"], target=given["target"])
    with Viewing(project) as viewing:
        yield project, viewing


def single(ids: Sequence[str], beginning: str, what: str) -> str:
    """Return the one id that begins so.

    Raises:
        SelectionError: If there is none, or more than one.
    """
    if len(ids) == 1 or beginning in ids:
        return beginning if beginning in ids else ids[0]
    raise SelectionError(
        f"{'There is no' if not ids else 'More than one'} {what} {beginning!r}{' on record' if not ids else ' is on record'}.",
        fix=f"`lakesmith {what}s` lists them; more characters of the id tell them apart",
    )


def found(view: View | None, name: str, what: str) -> View:
    """Return a view that is there.

    Raises:
        SelectionError: If it is not.
    """
    if view is None:
        raise SelectionError(f"There is no {what} {name!r} on this target.", fix=f"`lakesmith {what}s` lists them")
    return view
