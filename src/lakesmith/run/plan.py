"""What a run would do, as a tuple of steps: printed by `plan`, executed by `run`. Pure: facts in, plan out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lakesmith.model.plans import Plan, Step
from lakesmith.model.streams import StreamId

TO_LOOK = "so that `query --build` sees it"
WHEN_FRESH = "if what is waited for comes"


@dataclass(frozen=True, slots=True)
class StreamNews:
    """What a stream has that bronze lacks: `splits` parts of `size_bytes` together (None: unknown). `first`: never loaded.

    `why` says what else makes a load due, such as a rebuild; a stream with neither that nor splits has nothing new.
    """

    stream: StreamId
    splits: int
    size_bytes: int | None
    first: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Watching:
    """A source with tables that others load and that are not fresh: why, and whether they are waited for."""

    source: str
    reason: str
    waits: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All a plan depends on.

    `news` has one entry per selected stream that may be loaded. `models` are the dbt selectors to build (empty: nothing to build),
    `why_build` the reason if a build is due without any new row, else empty. `publish` names the publications and why each is due.
    `rollbacks` are the tables that go back, each with the snapshot it goes back to.
    `watching` are the sources with tables of others that are not fresh.
    """

    news: Sequence[StreamNews]
    select: tuple[str, ...]
    exclude: tuple[str, ...]
    has_models: bool
    why_build: str
    publish: Sequence[tuple[str, str]]
    rollbacks: Mapping[StreamId, int] = field(default_factory=dict)
    watching: Sequence[Watching] = ()


def make_plan(facts: Facts) -> Plan:
    """Return the steps in an order in which every step comes after what it needs; empty when there is nothing to do.

    Examples:
        >>> make_plan(Facts((), (), (), has_models=True, why_build="", publish=()))
        ()
    """
    loads = tuple(_load(news) for news in facts.news if news.splits or news.why)
    loads += tuple(_rollback(stream, snapshot) for stream, snapshot in facts.rollbacks.items())
    why = facts.why_build or (("rows were taken back" if facts.rollbacks else "new rows") if loads else "")
    watches = tuple(
        Step(f"watch:{one.source}", "watch", (), (one.source,), reason=one.reason) for one in facts.watching
    )
    if loads and not facts.has_models:
        looks = Step("attach", "attach", tuple(step.name for step in loads), reason=TO_LOOK)
        loads = (*loads, looks)
    if not why and facts.has_models and any(one.waits for one in facts.watching):
        why = WHEN_FRESH
    if not why or not facts.has_models:
        return (*loads, *watches, *(_publish(name, reason, ()) for name, reason in facts.publish if reason))
    needs = tuple(step.name for step in (*loads, *watches))
    hope = why if why == WHEN_FRESH else ""
    attach = Step("attach", "attach", needs, reason=hope or "so that dbt reads what has just been loaded")
    build = Step("build", "build", ("attach",), facts.select, reason=why, resources={"exclude": facts.exclude})
    swap = Step("swap", "swap", ("build",), reason=hope or "so that readers see tested tables, all together")
    publish = (
        _publish(name, reason or hope or "what it publishes is built anew", () if hope and reason else ("swap",))
        for name, reason in facts.publish
    )
    return (*loads, *watches, attach, build, swap, *publish)


def _load(news: StreamNews) -> Step:
    size = "" if news.size_bytes is None else f", {size_words(news.size_bytes)}"
    kind = news.why or ("first load" if news.first else "new since the last load")
    parts = "1 part" if news.splits == 1 else f"{news.splits} parts"
    if not news.splits:
        parts, size = "all is read", ""
    return Step(f"load:{news.stream}", "load", (), (str(news.stream),), reason=f"{kind}: {parts}{size}")


def _rollback(stream: StreamId, snapshot_id: int) -> Step:
    selects = (str(stream), str(snapshot_id))
    return Step(f"rollback:{stream}", "rollback", (), selects, reason=f"back to lake snapshot {snapshot_id}")


def _publish(name: str, reason: str, needs: tuple[str, ...]) -> Step:
    return Step(f"publish:{name}", "publish", needs, (name,), reason=reason)


def size_words(size_bytes: int) -> str:
    """Return a size as people write it, in powers of 1,000.

    Examples:
        >>> size_words(1_234_567)
        '1.2 MB'
    """
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the step between units
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
