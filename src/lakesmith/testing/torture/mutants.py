"""The code under test, made wrong in one way at a time: a proof that lets one of these pass is too weak."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from lakesmith.model.loads import Counts
from lakesmith.testing.torture.catalog import Fault
from lakesmith.testing.torture.story import HOUR_S, Step, Story

Patch = Callable[["Patches"], None]


class Patches:
    """Replacements in the code under test, which can be taken back."""

    def __init__(self) -> None:
        self._undone: list[Callable[[], None]] = []

    def put(self, module: str, name: str, make: Callable[[Any], Any]) -> None:
        """Replace `name` (which may be `Class.method`) by what `make` returns for the original, everywhere it is known by that name.

        Raises:
            AttributeError: If there is no such thing: the mutant has to follow the code.
        """
        home = import_module(module)
        owner: Any = home
        *path, last = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        original = getattr(owner, last)
        changed = make(original)
        for place in (owner, *(_importers(original, last) if not path else ())):
            self._undone.append(_setter(place, last, getattr(place, last)))
            setattr(place, last, changed)

    def put_only(self, module: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace what one module knows by a name, and nobody else."""
        original = getattr(module, name)
        self._undone.append(_setter(module, name, original))
        setattr(module, name, make(original))

    def undo(self) -> None:
        """Take everything back."""
        for undo in reversed(self._undone):
            undo()
        self._undone.clear()


@contextlib.contextmanager
def applied(mutant: str) -> Iterator[None]:
    """Run with a mutant in place."""
    patches = Patches()
    try:
        MUTANTS[mutant](patches)
        yield
    finally:
        patches.undo()


def _importers(original: Any, name: str) -> list[Any]:
    import sys

    return [
        module
        for key, module in list(sys.modules.items())
        if key.startswith("lakesmith.")
        and not key.startswith("lakesmith.testing")
        and getattr(module, name, None) is original
    ]


def _setter(place: Any, name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(place, name, value)


def _no_fence(patches: Patches) -> None:
    """Commit whatever landed since the group was opened."""
    patches.put("lakesmith.lake.commits.judge", "_check_unmoved", lambda _old: lambda *_args, **_kwargs: None)


def _blind_retry(patches: Patches) -> None:
    """After a failure, build and send again without asking whether the first one landed."""

    def make(_old: Any) -> Any:
        def send(sender: Any, work: Any) -> Any:
            found = work.landed(sender.services.pointers.read(work.stream))
            for _attempt in range(3):
                prepared = work.build(sender.services.pointers.read(work.stream))
                if sender.send_once(prepared) is None:
                    break
            return found or work.landed(sender.services.pointers.read(work.stream))

        return send

    patches.put("lakesmith.lake.commits.sending", "Sender.send", make)


def _second_commit(patches: Patches) -> None:
    """Commit the rows first, with the position of before, and the new position in a commit of its own."""

    def make(old: Any) -> Any:
        def commit(table: Any, group: Any, batch: Any) -> Any:
            head = table.head()
            before = head.position if head is not None and head.position is not None else b"{}"
            old(table, group, replace(batch, checkpoint=replace(batch.checkpoint, position=before)))
            again = table.open_group(table.head(), aside=group.branch != "main")
            checkpoint = replace(batch.checkpoint, ordinal=again.ordinal)
            return old(table, again, replace(batch, staged=(), checkpoint=checkpoint, counts=Counts()))

        return commit

    patches.put("lakesmith.lake.table", "Table.commit", make)


def _current_snapshot_only(patches: Patches) -> None:
    """Read the checkpoint from the current snapshot; one without it means that nothing was loaded yet."""

    def make(old: Any) -> Any:
        def find_bearer(metadata: Any, start: Any = None) -> Any:
            current = next(metadata.ancestors(start), None)
            if current is not None and "lakesmith.checkpoint" not in current.summary:
                return None
            return old(metadata, start)

        return find_bearer

    patches.put("lakesmith.lake.positions.checkpoints", "find_bearer", make)


def _ordinal_reused(patches: Patches) -> None:
    """Count on from the load whose rows are in force, so that what was rolled back gives its ordinals again."""

    def make(_old: Any) -> Any:
        def highest(metadata: Any) -> int:
            loads = (one for one in metadata.lineage() if "lakesmith.rolled-back-to" not in one.summary)
            return max((one.number("lakesmith.ordinal") for one in loads), default=0)

        return highest

    patches.put("lakesmith.lake.commits.judge", "highest_known", make)
    _forget_known(patches)


def _forget_known(patches: Patches) -> None:
    def make(old: Any) -> Any:
        return lambda table, head, **kwargs: old(table, head, **{**kwargs, "above": 0})

    patches.put("lakesmith.lake.table", "Table.open_group", make)


def _out_of_order(patches: Patches) -> None:
    """Give out ordinals from above, so that a later commit has a lower one, and let it land."""
    down = itertools.count(1_000_000, -1)
    patches.put("lakesmith.lake.commits.judge", "highest_known", lambda _old: lambda _metadata: 0)

    def make(old: Any) -> Any:
        def open_group(table: Any, head: Any, **kwargs: Any) -> Any:
            return replace(old(table, head, **kwargs), ordinal=next(down))

        return open_group

    patches.put("lakesmith.lake.table", "Table.open_group", make)


def _no_age(patches: Patches) -> None:
    """Delete what is unreachable however young it is."""
    patches.put("lakesmith.lake.upkeep.guards", "is_young", lambda _old: lambda *_args: False)


def _no_receipts(patches: Patches) -> None:
    """Delete what is old and unreachable though its group is still open."""
    patches.put("lakesmith.lake.upkeep.guards", "is_in_flight", lambda _old: lambda *_args: False)


def _no_pending(patches: Patches) -> None:
    """Delete what a commit that sleeps has written and may still send."""
    patches.put("lakesmith.lake.upkeep.guards", "is_pending", lambda _old: lambda *_args: False)


def _no_reach(patches: Patches) -> None:
    """Delete what is old, whether a kept snapshot needs it or not."""
    patches.put("lakesmith.lake.upkeep.guards", "is_reachable", lambda _old: lambda *_args: False)
    patches.put("lakesmith.lake.upkeep.reach", "Reach.holds", lambda _old: lambda *_args: False)


def _quarantine_unstamped(patches: Patches) -> None:
    """Show every quarantine file that lies there, whether a batch that landed claims it or not."""

    def make(_old: Any) -> Any:
        def quarantined(table: Any) -> Iterator[Any]:
            from lakesmith.lake.quarantine import claims
            from lakesmith.lake.quarantine import rejects as quarantine

            store, folder = table.services.store, table.services.layout.quarantine(table.stream)
            names = [stored.path.rpartition("/")[2] for stored in store.list(folder)]
            everything = [claims.Claim(1, "", tuple(names))]
            yield from quarantine.read_claimed(store, folder, table.stream, everything)

        return quarantined

    patches.put("lakesmith.lake.table", "Table.quarantined", make)


def _clock_as_it_is(patches: Patches) -> None:
    """Stamp commits with the machine's clock, wherever it stands."""

    def open_base(old: Any) -> Any:
        return lambda *args: replace(old(*args), not_before_ms=0)

    def loaded_at(_old: Any) -> Any:
        return lambda table, _head: table.services.host.clock.now()

    patches.put("lakesmith.lake.commits.drafts", "open_base", open_base)
    patches.put("lakesmith.lake.table", "Table._loaded_at", loaded_at)


def _no_swap_of_pointers(patches: Patches) -> None:
    """Send commits that do not ask where the head of the table stands."""

    def make(old: Any) -> Any:
        def send_once(sender: Any, prepared: Any) -> Any:
            kept = tuple(one for one in prepared.requirements if type(one).__name__ != "AssertRefSnapshotId")
            return old(sender, replace(prepared, requirements=kept))

        return send_once

    patches.put("lakesmith.lake.commits.sending", "Sender.send_once", make)


def _tidy_commit(patches: Patches) -> None:
    """Delete the manifests of a commit that is said to have failed, as PyIceberg's own transactions do."""

    def make(old: Any) -> Any:
        def send_once(sender: Any, prepared: Any) -> Any:
            failure = old(sender, prepared)
            for update in prepared.updates if failure is not None else ():
                if type(update).__name__ == "AddSnapshotUpdate":
                    sender.services.store.delete(update.snapshot.manifest_list)
            return failure

        return send_once

    patches.put("lakesmith.lake.commits.sending", "Sender.send_once", make)


def _position_stays(patches: Patches) -> None:
    """Roll the rows back and keep the position."""
    generations = import_module("lakesmith.lake.commits.generations")

    def make(old: Any) -> Any:
        return lambda metadata, sidecars, *_start: old(metadata, sidecars)

    patches.put_only(generations, "in_force", make)


def _half_a_copy(patches: Patches) -> None:
    """Append a new generation to what readers see, group by group."""

    def make(old: Any) -> Any:
        return lambda table, head, **kwargs: old(table, head, above=kwargs.get("above", 0))

    patches.put("lakesmith.lake.table", "Table.open_group", make)


def _numbered_on_the_table(patches: Patches) -> None:
    """Number the files of a group on the table's last committed schema, whatever the files before them were numbered with."""
    patches.put("lakesmith.lake.numbering", "going_on", lambda _old: lambda known, last_id, *_group: (known, last_id))


def _numbered_and_unchecked(patches: Patches) -> None:
    """Number them so, and commit them without a look at the field ids they were written with."""
    _numbered_on_the_table(patches)
    patches.put("lakesmith.lake.commits.judge", "check_schemas", lambda _old: lambda *_args: None)


MUTANTS: dict[str, Patch] = {
    "no fence": _no_fence,
    "blind retry": _blind_retry,
    "checkpoint in a second commit": _second_commit,
    "checkpoint from the current snapshot only": _current_snapshot_only,
    "ordinal reused after rollback": _ordinal_reused,
    "ordinals committed out of order": _out_of_order,
    "collector without age": _no_age,
    "collector without receipts": _no_receipts,
    "collector without the commits that sleep": _no_pending,
    "quarantine unstamped": _quarantine_unstamped,
    "timestamp not monotone": _clock_as_it_is,
    "collector without reach": _no_reach,
    "no compare-and-swap": _no_swap_of_pointers,
    "a failed commit tidies up": _tidy_commit,
    "rollback keeps the position": _position_stays,
    "replace without a branch": _half_a_copy,
    "field ids of a group from the table alone": _numbered_on_the_table,
    "field ids of a group from the table alone, unchecked": _numbered_and_unchecked,
}
THEMES = {
    "collector without the commits that sleep": "sleeper",
    "collector without age": "overtaken",
    "collector without receipts": "overtaken",
    "no fence": "crowd",
}
"""What mostly happens in the histories of a mutant that is seldom met in others."""

_LOADS = tuple(step for _load in range(3) for step in (Step("grow", 4), Step("load")))
_TWO_PASSES = (Step("collect"), Step("clock", 25 * HOUR_S), Step("collect"))
DIRECTED: dict[str, tuple[Story, ...]] = {
    # a compaction has written its files, a load lands, the compaction is built on it, and sleeps for a day before it is sent
    "collector without age": tuple(
        Story(
            seed,
            mode,
            (
                *(Step("load"), *_LOADS, Step("tend", steps=7), Step("grow", 4), Step("load")),
                *(Step("resume", steps=goes_on), *_TWO_PASSES, Step("resume")),
            ),
        )
        for seed, (mode, goes_on) in enumerate((("append", 2), ("append", 3), ("dedupe", 2)))
    ),
    # a load has staged its files, a compaction lands, days pass, and the load goes on: it was told by nobody that it may not
    "collector without receipts": tuple(
        Story(
            seed,
            mode,
            (
                *(Step("load"), *_LOADS, Step("grow", 4), Step("load", steps=pauses), Step("tend")),
                *(Step("clock", 4 * 24 * HOUR_S), *_TWO_PASSES, Step("resume")),
            ),
        )
        for seed, (mode, pauses) in enumerate((("append", 7), ("append", 9), ("dedupe", 8)))
    ),
    # the last commit of a copy arrives after another program has finished that copy
    "no compare-and-swap": (
        Story(
            0,
            "replace",
            (
                *(Step("grow", 1), Step("load", faults=(Fault("unread"),)), Step("load", faults=(Fault("unread"),))),
                *(Step("load", faults=(Fault("late", "CatalogLockedError"),)), Step("load")),
            ),
            keep=2,
        ),
    ),
}
"""Stories that a mutant is tried on first, as no dice would soon tell them; the code as it is passes them all."""
