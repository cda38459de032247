"""Incidents of a project: settled from what was seen, told with all that is known of them, ended by people."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakesmith.api.departed import Departed
from lakesmith.api.incident_facts import enrich
from lakesmith.api.relations import Relations
from lakesmith.host import Host
from lakesmith.monitor.alerts.vouching import watch_of
from lakesmith.monitor.incidents import acting, gathering
from lakesmith.monitor.incidents.causes import causes_of
from lakesmith.monitor.incidents.lifecycle import Changes, Desk, still_open, take_note
from lakesmith.monitor.incidents.locking import alone, leave
from lakesmith.monitor.incidents.reading import cause_of
from lakesmith.monitor.incidents.recovery import Better
from lakesmith.monitor.incidents.values import Incident, Seen
from lakesmith.monitor.incidents.watches import about
from lakesmith.project import find_root, load_project
from lakesmith.run.workshop import Workshop

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from lakesmith.monitor.judging.values import Judgement
    from lakesmith.monitor.store import RunStore


def opened(folder: str | Path, target: str | None) -> Workshop:
    """Return the project in a folder, or in the closest one above it, on a target (None: its default one).

    Raises:
        ProjectNotFoundError: If there is no `lakesmith.yml`.
        ProjectFileError: If something in it is wrong.
        SelectionError: If the project has no such target.
    """
    host = Host()
    config = load_project(find_root(Path(folder)), host=host)
    return Workshop(config, config.target(target), host)


def settle(
    shop: Workshop, store: RunStore, judgements: Sequence[Judgement], *, run_id: str | None = None
) -> list[Incident]:
    """Open, feed and end the incidents of a target, from judgements and from the runs that ended since this was done last.

    Args:
        shop: The project on a target.
        store: The record of runs; what the run `run_id` has to tell is written there.
        judgements: What is thought now, good and bad.
        run_id: The run that is just ending; None by the clock.

    Returns:
        The incidents that were opened, opened again, met again or ended.
    """
    now, target = shop.host.clock.now(), shop.target.name
    relations = Relations(shop)
    if any(one.verdict in ("bad", "warn") for one in judgements):
        _ = relations.graph  # read before the record is taken
    with alone(store, f"settle {target}", now) as (connection, mark):
        desk, changes = desk_of(shop, connection, relations), Changes()
        runs = gathering.ended_runs(connection, target, mark, now, run_id)
        for ended in runs:
            is_last = ended is runs[-1]
            _look(shop, desk, relations, changes, (ended, judgements if is_last else ()))
        if not runs:
            _look(shop, desk, relations, changes, (None, judgements))
        leave(connection, f"settle {target}", runs[-1].run_id if runs else mark)
    if judgements or not _is_to_judge(shop, relations):
        with alone(store, watch_of(target), now):
            pass  # that somebody looked is noted apart: people take the other row too
    return enrich(shop, store, relations, changes)


def _is_to_judge(shop: Workshop, relations: Relations) -> bool:
    """Whether there is something to think about: that nothing is thought of it means that the judging has failed."""
    return bool(shop.target.ingest and shop.config.streams()) or relations.manifest is not None


def desk_of(shop: Workshop, connection: Connection, relations: Relations | None = None) -> Desk:
    """Return where the incidents of a target are kept."""
    now, known = shop.host.clock.now(), relations or Relations(shop)
    return Desk(
        connection,
        shop.target.name,
        now,
        shop.host.ids.ticket,
        known.owner_of,
        lambda subject: about(subject, shop.config.monitor.tables).severity,
        shop.host.secrets.mask,
    )


def _look(
    shop: Workshop,
    desk: Desk,
    relations: Relations,
    changes: Changes,
    what: tuple[gathering.Ended | None, Sequence[Judgement]],
) -> None:
    """Take note of one run, or of none, and of what is thought."""
    ended, judgements = what
    found = ended or gathering.Ended({})
    seen = Seen(found.faults, found.failing, found.lost, tuple(judgements))
    known = [cause_of(one) for one in still_open(desk.connection, desk.target)]
    well = set(found.well)
    if ended is not None and gathering.RUN in well and not ended.run["selection"]:
        well |= relations.loaded - {fault.subject for fault in found.faults}

    def resolution(incident: Incident) -> str:
        """Return what most likely ended it: whatever is not as it was when it was last seen."""
        return _by_what(desk.connection, incident, ended)

    steps = {"steps": frozenset(well), "passed": found.passed, "ended": found.ended}
    better = Better.of(judgements, **steps, gone=Departed(shop, relations), resolution=resolution)
    done = take_note(desk, causes_of(seen, relations.above, known), better)
    changes.opened += done.opened
    changes.reopened += done.reopened
    changes.fed += done.fed
    changes.resolved += done.resolved


def _by_what(connection: Connection, incident: Incident, ended: gathering.Ended | None) -> str:
    from sqlalchemy import select

    from lakesmith.monitor import tables

    run = tables.run
    bad: Any = connection.execute(select(run).where(run.c.run_id == (incident.last_run_id or ""))).mappings().first()
    if bad is None or ended is None:
        return "fixed_at_source"
    if bad["code_version"] != ended.run["code_version"] or bad["code_dirty"] != ended.run["code_dirty"]:
        return "code_fix"
    return "config" if bad["config_hash"] != ended.run["config_hash"] else "fixed_at_source"


def acknowledge(shop: Workshop, store: RunStore, beginning: str, *, note: str = "", via: str = "cli") -> Incident:
    """Note that a person sees to the incident whose id begins so; return it as it is then.

    Raises:
        SelectionError: If there is no such incident, or more than one.
        UsageError: If it is over.
    """
    incident = acting.find(store, beginning)
    with alone(store, f"settle {shop.target.name}", shop.host.clock.now()) as (connection, _):
        acting.acknowledge(desk_of(shop, connection), incident, who(), note=note, via=via)
    return acting.find(store, incident.incident_id)


def resolve(shop: Workshop, store: RunStore, beginning: str, *, reason: str, note: str, via: str = "cli") -> Incident:
    """End the incident whose id begins so; return it as it is then.

    Raises:
        SelectionError: If there is no such incident, or more than one.
        UsageError: If it is over, the reason is not one of the six, or there is no note.
    """
    incident = acting.find(store, beginning)
    with alone(store, f"settle {shop.target.name}", shop.host.clock.now()) as (connection, _):
        acting.resolve(desk_of(shop, connection), incident, who(), reason=reason, note=note, via=via)
    return acting.find(store, incident.incident_id)


def who() -> str:
    """Return the name of the person at this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "somebody"
