"""What stops a load before its commit: too many rejects, a setting for a column that is not there, a source that became empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lakesmith.errors import EmptiedError, ProjectFileError, TooManyRejectsError
from lakesmith.model.loads import Counts, Load
from lakesmith.model.streams import StreamSpec

if TYPE_CHECKING:
    from lakesmith.model.types import Schema


def refuse_too_many(spec: StreamSpec, load: Load, counts: Counts, reasons: Counter[str], *, aside: bool) -> None:
    """Refuse the open group if the rejects of the load so far are too many.

    Args:
        spec: The stream.
        load: What was committed before.
        counts: The row law of the whole load, the open group included.
        reasons: Rejects of the open group, by reason.
        aside: Whether what was committed before is seen by nobody.

    Raises:
        TooManyRejectsError: If they are more than `max_rejects`.
    """
    limit = spec.max_rejects
    if limit is None or not counts.quarantined:
        return
    allowed = limit * counts.read if limit < 1 else limit
    if counts.quarantined <= allowed:
        return
    worst, times = (reasons + Counter(load.reject_reasons)).most_common(1)[0]
    if aside:
        stayed = "The table stays as it was."
    else:
        stayed = "What this load had committed before stays." if load.commits else "Nothing was loaded."
    raise TooManyRejectsError(
        f"{counts.quarantined:,} of {counts.read:,} records of {spec.id} would go to quarantine, "
        f"more than the {allowed:,.0f} that max_rejects allows; most often: {worst} ({times:,}). {stayed}",
        where=spec.where,
        fix="mend the source, or raise max_rejects for this stream",
    )


def refuse_emptied(spec: StreamSpec, held: int, written: int) -> None:
    """Refuse a load of the whole that has no row, for a table that has some: the source broke, more often than it became empty.

    Args:
        spec: The stream.
        held: How many rows the table has.
        written: How many the load brought.

    Raises:
        EmptiedError: If the table would become empty.
    """
    if held and not written:
        raise EmptiedError(
            f"{spec.id} sent no record that could be loaded, and its table has {held:,} rows. The table stays as it was.",
            where=spec.where,
            fix=f"look at the source; if the table is meant to be empty, `lakesmith rebuild {spec.id}` empties it",
        )


def need_columns(spec: StreamSpec, after: Schema, sent: Collection[str]) -> None:
    """Refuse a key, a mask or a pin on a column that the stream never had: a slip of the pen would load a private value in clear.

    Args:
        spec: The stream.
        after: The columns the table is going to have.
        sent: What the source called the columns of this load; nothing is refused while it sent none.

    Raises:
        ProjectFileError: If the project names a column that is neither sent nor known.
    """
    from lakesmith.shape.names import fold

    known = {*sent, *fold(sorted(sent)), *after.names, *(field.source_name for field in after)}
    named = {**dict.fromkeys(spec.key, "key"), **dict.fromkeys(spec.columns, "columns")}
    for name, where in named.items():
        if sent and name not in known:
            near = get_close_matches(name, sorted(known - {""}), n=1)
            hint = f"did you mean {near[0]}?" if near else f"the stream has {', '.join(sorted(sent))}"
            raise ProjectFileError(
                f"{spec.id} has no column {name!r}, which `{where}:` names. Nothing of it was loaded.",
                where=spec.where,
                fix=hint,
            )
