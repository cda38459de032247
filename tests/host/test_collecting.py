"""The search for garbage pauses, and goes on as it was."""

import gc

import pytest

from lakesmith.host.collecting import collector_paused


@pytest.fixture
def collector():
    """Give back the collector as it was."""
    was_on = gc.isenabled()
    yield
    (gc.enable if was_on else gc.disable)()


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("before", [gc.enable, gc.disable], ids=lambda way: way.__name__)
def test_the_collector_is_afterwards_as_it_was(before):
    before()
    was_on = gc.isenabled()
    with collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled() is was_on


@pytest.mark.usefixtures("collector")
def test_a_fault_does_not_leave_it_off():
    gc.enable()
    with pytest.raises(KeyError, match="a fault"), collector_paused():
        raise KeyError("a fault")
    assert gc.isenabled()
