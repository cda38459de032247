"""What a project gives to the tools of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING

from lakesmith.errors import UsageError
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from lakesmith.api.viewing.standing import Standing
    from lakesmith.dbt.scaffold import FileChange
    from lakesmith.monitor.exports.costs import Charge, Line
    from lakesmith.monitor.exports.totals import Totals
    from lakesmith.monitor.store import RunStore

NOBODY = "nobody"
"""Who owns what nobody owns."""
SPAN_DAYS = 30


def metrics(shop: Workshop, store: RunStore, totals: Totals | None = None, standing: Standing | None = None) -> str:
    """Return the state of a target in Prometheus's text format.

    Args:
        shop: The project on a target.
        store: The record of runs.
        totals: What an earlier call has added up, for whoever asks again and again; brought up to date.
        standing: What an earlier call has read of the newest judgements, likewise.
    """
    from lakesmith.api.viewing.standing import Standing, subjects_of
    from lakesmith.monitor.exports.exposition import exposition
    from lakesmith.monitor.exports.prometheus import families
    from lakesmith.monitor.exports.totals import Totals

    now, known = shop.host.clock.now(), standing or Standing(shop.target.name)
    with store.engine.connect() as connection:
        known.read(connection, now)
    healths = {name: known.health(name, now).verdict for name in subjects_of(shop, known.subjects())}
    found = families(store, shop.target.name, tuple(healths), totals or Totals(), now, healths=healths)
    return shop.host.secrets.mask(exposition(found))


def costs(shop: Workshop, store: RunStore, by: str, days: tuple[date, date]) -> list[Line]:
    """Return what runs used up that ended on some days (UTC), the last one included, added up.

    Args:
        shop: The project on a target.
        store: The record of runs.
        by: table, run, owner or day.
        days: The first and the last day.
    """
    from lakesmith.monitor.exports.costs import charges, lines_of, prices_of, rows_written

    span, owner = _span(days), _owners(shop)
    names: dict[str, Callable[[Charge], str]] = {
        "table": lambda charge: charge.subject,
        "run": lambda charge: charge.run_id,
        "owner": lambda charge: owner(charge.subject),
        "day": lambda charge: charge.ended[:10],
    }
    with store.engine.connect() as connection:
        rows: Counter[str] = Counter()
        for run_id, day, stream, written in rows_written(connection, shop.target.name, span):
            rows[{"table": stream, "run": run_id, "owner": owner(stream), "day": day}[by]] += written
        found = charges(connection, shop.target.name, span, prices_of(shop.config.monitor.prices))
        return lines_of(found, names[by], rows)


def cost_sheet(shop: Workshop, store: RunStore, days: tuple[date, date]) -> Iterator[str]:
    """Yield the lines of a CSV file with every charge of runs that ended on some days (UTC), by the names of FOCUS."""
    from lakesmith.monitor.exports.costs import FOCUS, charges, focus, prices_of
    from lakesmith.monitor.exports.sheets import lines

    owner = _owners(shop)

    def tags(charge: Charge) -> dict[str, str]:
        """Return what else is known of a charge."""
        known = {"run": charge.run_id, "step": charge.step, "kind": charge.kind}
        known["owner"] = owner(charge.subject) if charge.subject else ""
        known = {name: text for name, text in known.items() if text}
        return {"project": shop.config.name, "target": shop.target.name, **known}

    with store.engine.connect() as connection:
        found = charges(connection, shop.target.name, _span(days), prices_of(shop.config.monitor.prices))
        for line in lines(FOCUS, focus(found, tags)):
            yield shop.host.secrets.mask(line)


def days_of(since: date | None, until: date | None, now: datetime) -> tuple[date, date]:
    """Return the first and the last day (UTC) that are meant: 30 days up to today where nobody says otherwise.

    Raises:
        UsageError: If they are the wrong way round.
    """
    last = until or now.astimezone(UTC).date()
    first = since or last - timedelta(days=SPAN_DAYS - 1)
    if first > last:
        raise UsageError(
            "The first day comes after the last one.", where="the command line", fix="give --since a day up to --until"
        )
    return first, last


def _span(days: tuple[date, date]) -> tuple[datetime, datetime]:
    first, last = (datetime.combine(day, time(), UTC) for day in days)
    return first, last + timedelta(days=1)


def _owners(shop: Workshop) -> Callable[[str], str]:
    from lakesmith.api.relations import Relations

    known = Relations(shop)
    return cache(lambda subject: known.owner_of(subject) or NOBODY)


def scaffold_telemetry(shop: Workshop, *, dry_run: bool = False) -> list[FileChange]:
    """Write models over the record of runs into the project, unless `dry_run`; return the changes.

    Raises:
        UsageError: If the project has no dbt project, or no source of `type: lakesmith` with all tables.
    """
    from lakesmith.dbt.scaffold import apply_scaffold, read_models
    from lakesmith.dbt.telemetry import plan_telemetry, tables
    from lakesmith.run.preparing import need_dbt_project

    need_dbt_project(shop.paths.root)
    source = next((one for one in shop.config.sources.values() if one.type == "lakesmith"), None)
    lacking = set(tables()) - {stream.id.name for stream in source.streams} if source else set(tables())
    if source is None or lacking:
        told = f"The source {source.name} does not load {', '.join(sorted(lacking))}." if source else ""
        raise UsageError(
            told or "No source of this project reads the record of runs.",
            where=source.where if source else str(shop.paths.file),
            fix=f"give it `type: lakesmith` and `streams: [{', '.join(tables())}]`",
        )
    root = shop.paths.root
    tests = {file.relative_to(root).as_posix(): file.read_text("utf-8") for file in (root / "tests").glob("*.sql")}
    changes = plan_telemetry(source.name, {**read_models(root), **tests})
    if not dry_run:
        apply_scaffold(root, changes)
    return changes
