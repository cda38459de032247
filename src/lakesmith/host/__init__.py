"""All that is not deterministic: clock, ids, files, locks, processes, signals, crash points. Replaceable as one."""

from lakesmith.host.clock import Clock, SystemClock
from lakesmith.host.system import Host

__all__ = ["Clock", "Host", "SystemClock"]
