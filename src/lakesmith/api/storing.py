"""Where a project's record of runs is: opened in one place, and compared with its witness."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lakesmith.errors import LakesmithError, MissingValueError
from lakesmith.project.references import has_reference
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.monitor.store import RunStore


def open_store(shop: Workshop) -> RunStore:
    """Open the project's run store; say so, once, if a damaged one was put aside, or if it lost what was sealed.

    Raises:
        MissingValueError: If `monitor.store` is a reference without a value here.
        ProjectFileError: If `monitor.store` is no address of a database.
        MissingExtraError: If its driver is not installed.
        StoreBrokenError: If the store was made by a newer Lakesmith.
        StorageUnavailableError: If it cannot be opened.
    """
    from lakesmith.monitor.store import RunStore

    address, aside = shop.config.monitor.store, set[Path]()
    if address is not None and has_reference(address):
        raise MissingValueError(
            f"The record of runs is in a database whose address has no value here: {address}.",
            where=f"{shop.paths.file.name}: monitor.store",
            fix="set it in the environment or in .env",
        )
    if address is not None:
        store = RunStore.on(address, where=f"{shop.paths.file.name}: monitor.store")
    else:
        before = set(broken_stores(shop))
        store = RunStore.at(shop.paths.store, host=shop.host)
        aside = set(broken_stores(shop)) - before
    for broken in aside:
        told = f"the run store was damaged; it is kept as {broken.name}, and the history of runs begins anew"
        complain(f"{told}: `lakesmith doctor --repair` brings back what the logs have")
    _compare(shop, store, is_told=bool(aside))
    return store


@contextmanager
def store_in_use(shop: Workshop) -> Iterator[RunStore]:
    """Open the project's run store for a `with`.

    Raises:
        LakesmithError: See `open_store`.
    """
    store = open_store(shop)
    try:
        yield store
    finally:
        store.close()


def witness_of(shop: Workshop) -> Path:
    """Return the file that knows the newest seal."""
    return shop.paths.state / "runs.seal"


def broken_stores(shop: Workshop) -> list[Path]:
    """Return the files of damaged stores that were put aside, oldest first."""
    found = shop.paths.state.glob(f"{shop.paths.store.name}.broken-*")
    return sorted(path for path in found if not path.name.endswith(("-wal", "-shm")))


def complain(text: str) -> None:
    """Tell a person of something that fails nothing."""
    warnings.warn(text, RuntimeWarning, stacklevel=2)


def _compare(shop: Workshop, store: RunStore, *, is_told: bool) -> None:
    """Say so, unless that `is_told`, if the store is not what its witness saw; what goes wrong here is no reason not to work."""
    from sqlalchemy.exc import SQLAlchemyError

    from lakesmith.monitor.sealing import doubt, remember_telling

    try:
        found = doubt(store, witness_of(shop))
        if found is not None and not found.is_told:
            remember_telling(store, witness_of(shop), found)
            if not is_told:
                complain(f"{found}. `lakesmith doctor` says which runs, `lakesmith doctor --repair` brings them back")
    except (SQLAlchemyError, LakesmithError) as error:
        complain(f"the run store could not be compared with its seals: {type(error).__name__}")
