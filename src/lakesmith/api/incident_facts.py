"""What a person needs to know of an incident first: what changed, is the data safe, who is hit, what to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lakesmith.monitor.incidents.advice import SAFE, advice, safety
from lakesmith.monitor.incidents.changes import compare
from lakesmith.monitor.incidents.locking import alone
from lakesmith.monitor.incidents.reading import read

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from lakesmith.api.relations import Relations
    from lakesmith.monitor.incidents.lifecycle import Changes
    from lakesmith.monitor.incidents.values import Incident
    from lakesmith.monitor.store import RunStore
    from lakesmith.run.workshop import Workshop


def enrich(shop: Workshop, store: RunStore, relations: Relations, changes: Changes) -> list[Incident]:
    """Write down what is known of incidents that are new, or that nobody got to yet; return all that changed."""
    from sqlalchemy import select

    from lakesmith.monitor import tables

    table = tables.incident
    ids = list(dict.fromkeys((*changes.opened, *changes.reopened, *changes.fed, *changes.resolved)))
    with store.engine.connect() as connection:
        found = read(connection, select(table).where(table.c.incident_id.in_(ids))) if ids else []
    again = {*changes.opened, *changes.reopened}
    todo = [one for one in found if one.incident_id in again or "safe" not in one.facts]
    if not todo:
        return found
    known = {one.incident_id: relations.below([part.subject for part in one.touched]) for one in todo}
    with alone(store, f"settle {shop.target.name}", shop.host.clock.now()) as (connection, _):
        for incident in todo:
            _enrich(shop, connection, incident, known[incident.incident_id])
    with store.engine.connect() as connection:
        return read(connection, select(table).where(table.c.incident_id.in_(ids)))


def _enrich(shop: Workshop, connection: Connection, incident: Incident, below: dict[str, Any] | None) -> None:
    from lakesmith.api.incidents import desk_of
    from lakesmith.monitor.incidents.lifecycle import change

    compared = compare(connection, incident)
    safe = safety(incident, _loads(connection, incident))
    facts = dict(incident.facts) | {
        "safe": SAFE[safe],
        "changes": None if compared.changes is None else [asdict(one) for one in compared.changes],
        "first_bad": _run(compared.bad),
        "last_good": _run(compared.good),
        "downstream": below,
        "todo": advice(incident, frozenset(shop.config.sources)),
    }
    good = compared.good["run_id"] if compared.good else None
    values = {"last_good_run_id": good, "data_safe": safe, "is_downstream_known": below is not None}
    change(desk_of(shop, connection), incident.incident_id, facts=facts, **values)


def _run(row: Any) -> dict[str, str] | None:
    return {"run_id": row["run_id"], "started_at": row["started_at"]} if row else None


def _loads(connection: Connection, incident: Incident) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from lakesmith.monitor import tables

    load = tables.table_load
    streams = [one.subject for one in incident.parts]
    query = select(load).where(load.c.run_id == (incident.first_run_id or ""), load.c.stream.in_(streams))
    return [dict(row) for row in connection.execute(query).mappings()]
