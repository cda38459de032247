"""Records of quarantine: which of them may be shown, and replays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lakesmith.api.changing import Change, change
from lakesmith.errors import UsageError
from lakesmith.model.loads import Load, QuarantinedRow
from lakesmith.model.streams import StreamId, StreamSpec
from lakesmith.run.jobs import job_of
from lakesmith.run.replaying import Replayed, Wish, replay_stream
from lakesmith.run.workshop import Order, Workshop

HIDDEN = "(hidden: the stream has masked columns)"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which records are meant: whose reason holds a text, and that were put aside on a day or later (UTC); None: all."""

    reason: str | None = None
    since: date | None = None

    def holds(self, row: QuarantinedRow) -> bool:
        """Whether a record is meant."""
        begin = datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC) if self.since else None
        right = self.reason is None or self.reason.casefold() in row.reason.casefold()
        return right and (begin is None or row.quarantined_at >= begin)


def shown_raw(shop: Workshop) -> Callable[[QuarantinedRow], str]:
    """Return a function that gives the raw text of a record as it may be shown, printable, and hidden where a mask may not cover it."""
    specs = {spec.id: spec for spec in shop.config.streams()}

    def show(row: QuarantinedRow) -> str:
        """Return the raw text, or why it is not shown."""
        return HIDDEN if is_private(row, specs.get(row.stream)) else printable(row.raw)

    return show


def is_private(row: QuarantinedRow, spec: StreamSpec | None) -> bool:
    """Whether the raw text of a record may hold a value in clear that the project masks."""
    from lakesmith.shape.names import candidate

    if spec is None:
        return False
    masked = {candidate(name) for name, said in spec.columns.items() if said.get("mask")}
    return bool(masked) and (row.column is None or not masked <= {candidate(name) for name in row.masked})


def printable(raw: str) -> str:
    r"""Return text that every terminal takes.

    Examples:
        >>> printable("caf\udce9")
        'caf\\xe9'
    """
    if raw.isascii():
        return raw
    told = "".join(rf"\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in raw)
    return told.encode("utf-8", "backslashreplace").decode("utf-8")


def replay(shop: Workshop, stream: StreamId, wish: Wish) -> Replayed:
    """Replay records of one stream; see `run.replaying.replay_stream` for what it raises.

    Raises:
        UsageError: If this target may not load.
        RunInProgressError: If a run of this target is going on.
    """
    spec = next(spec for spec in shop.config.streams() if spec.id == stream)
    table, done = shop.lake.table(stream), [Replayed(spec)]

    def work(known: int) -> Load | None:
        """Do it."""
        with shop.sources_in_use():
            done[0] = replay_stream(job_of(shop, spec, Order(), known_ordinal=known), table, wish)
        return done[0].load

    if wish.dry_run:
        work(0)
        return done[0]
    if not shop.target.ingest:
        raise UsageError(
            f"The target {shop.target.name!r} reads the lake of another one, and may not change it.",
            where=shop.target.where,
            fix="replay on the target that loads: --target",
        )
    change(shop, Change(stream, "quarantine replay"), work)
    return done[0]
