"""What an error is about: its class, whose matter it is, and when two errors are one."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from monitor_events import NOON

import lakesmith.errors
from lakesmith.model.events import ErrorSeen
from lakesmith.monitor.blaming import blame
from lakesmith.monitor.tables import error_event


def seen(
    kind="SourceDataError", what="It broke.", step="load:app.orders", causes=(), remedy="skip", run_id="r1", at=NOON
):
    return ErrorSeen(run_id, step, at, kind, remedy, what, "lakesmith.yml:4", "mend it", causes)


CASES = [
    (seen("RetriableError", "The API allows no more requests.", remedy="try again"), "rate_limit", "source", True),
    (seen("RetriableError", "It does not answer.", causes=("ConnectError", "OSError")), "network", "source", True),
    (seen("RetriableError", "It does not answer.", causes=("OperationalError", "gaierror")), "dns_tls", "source", True),
    (
        seen("ConnectorOptionsError", "The API refuses the credentials.", remedy="fix the project"),
        "auth_expired",
        "source",
        False,
    ),
    (
        seen("ConnectorOptionsError", "This user may not read it.", causes=("InsufficientPrivilege",)),
        "permission",
        "source",
        False,
    ),
    (
        seen("ConnectorOptionsError", "`url:` cannot be understood.", remedy="fix the project"),
        "config",
        "config",
        False,
    ),
    (seen("DriftRefusedError", "A password column appeared."), "source_schema", "source", False),
    (seen("TooManyRejectsError", "12 of 30 records would go to quarantine."), "poison_record", "data", False),
    (seen("EmptiedError", "No record came."), "source_data", "data", False),
    (seen("StorageFullError", "The disk is full.", remedy="try again"), "disk_full", "platform", True),
    (
        seen("FencedError", "Another program changed it.", remedy="stop and look"),
        "destination_locked",
        "destination",
        True,
    ),
    (seen("CommitUnknownError", "No answer.", remedy="stop and look"), "commit_unknown", "destination", True),
    (seen("RowLawError", "It does not add up.", remedy="stop and look"), "code_bug", "platform", False),
    (seen("SourceDataError", "A worker died.", causes=("BrokenProcessPool",)), "lost_worker", "platform", True),
    (seen("SourceDataError", "A file is too large.", causes=("MemoryError",)), "out_of_memory", "platform", False),
    (seen("TransformError", "A test failed.", step="build"), "contract", "data", False),
    (seen("PublishError", "It took longer than 30 s.", step="publish:tables"), "timeout", "destination", True),
    (seen("MissingValueError", "A password has no value.", remedy="fix the project"), "config", "config", False),
]


@pytest.mark.parametrize(("error", "named", "origin", "retryable"), CASES, ids=range(len(CASES)))
def test_what_an_error_is_about(error, named, origin, retryable):
    found = blame(error)
    assert (found.error_class, found.origin, found.retryable) == (named, origin, retryable)


def test_every_error_has_a_class_that_its_column_holds():
    kinds = [name for name, kind in vars(lakesmith.errors).items() if isinstance(kind, type) and name.endswith("Error")]
    assert len(kinds) > 25
    for name in kinds:
        found = blame(seen(name, remedy=getattr(lakesmith.errors, name).remedy))
        assert found.error_class
        assert len(found.error_class) <= error_event.c.error_class.type.impl.length
        assert found.origin in ("source", "platform", "destination", "data", "config")


def test_the_same_cause_has_the_same_fingerprint_and_another_has_not():
    first = blame(
        seen(what="3 of 1,200 rows of 'orders' in batch 27b42598-e7f0-4586-96e4-ddc7882f948c at 12:30 broke.")
    )
    again = seen(
        what="14 of 90 rows of 'people' in batch 11112222-e7f0-4586-96e4-ddc7882f948c at 7:05 broke.",
        step="load:app.people",
        run_id="r2",
        at=NOON + timedelta(days=3),
    )
    assert blame(again).fingerprint == first.fingerprint
    others = [
        seen(what="3 of 1,200 rows of 'orders' in batch 27b42598-e7f0-4586-96e4-ddc7882f948c at 12:30 were lost."),
        seen("TransformError", again.what),
        seen(what=again.what, step="build"),
        seen(what=again.what, causes=("MemoryError",)),
    ]
    assert len({first.fingerprint, *(blame(other).fingerprint for other in others)}) == 5
