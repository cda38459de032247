from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.host.ids import Ids

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@pytest.mark.long
@given(at=TIMES)
def test_a_run_id_is_a_uuid_of_version_7_and_holds_its_time(at):
    value = UUID(Ids().run_id(at))
    assert (value.version, value.variant) == (7, "specified in RFC 4122")
    assert abs((value.int >> 80) / 1000 - at.timestamp()) < 0.002


@given(at=TIMES, later_ms=st.integers(2, 10**9))
def test_run_ids_sort_by_their_time(at, later_ms):
    at = min(at, datetime(9998, 1, 1, tzinfo=UTC))
    assert Ids().run_id(at) < Ids().run_id(at + timedelta(milliseconds=later_ms))


def test_ids_are_never_the_same():
    at = datetime(2026, 10, 1, tzinfo=UTC)
    assert len({Ids().run_id(at) for _ in range(1000)}) == 1000
    assert len({Ids().ticket() for _ in range(1000)}) == 1000
    assert len(Ids().ticket()) == 16
