"""The tables of the run store. Times are UTC text in ISO 8601 with microseconds, so that every engine sorts them alike."""

from lakesmith.monitor.tables.base import metadata
from lakesmith.monitor.tables.incidents import delivery, incident, incident_event, incident_subject, mute
from lakesmith.monitor.tables.judgements import judgement
from lakesmith.monitor.tables.records import (
    check_result,
    column_profile,
    cost,
    drift,
    error_event,
    model_result,
    publication,
    run,
    run_step,
    schema_version,
    table_load,
    table_seen,
)
from lakesmith.monitor.tables.workings import heartbeat, seal, tick, user_action

__all__ = [
    "check_result",
    "column_profile",
    "cost",
    "delivery",
    "drift",
    "error_event",
    "heartbeat",
    "incident",
    "incident_event",
    "incident_subject",
    "judgement",
    "metadata",
    "model_result",
    "mute",
    "publication",
    "run",
    "run_step",
    "schema_version",
    "seal",
    "table_load",
    "table_seen",
    "tick",
    "user_action",
]
