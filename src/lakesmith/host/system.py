"""The host as one value, so that a test can replace time, chance and signals together."""

from __future__ import annotations

from dataclasses import dataclass, field

from lakesmith.host.clock import Clock, SystemClock
from lakesmith.host.ids import Ids
from lakesmith.host.patience import Patience
from lakesmith.host.secrets import Secrets
from lakesmith.host.stop import Stop


@dataclass(frozen=True, slots=True)
class Host:
    """Clock, ids, the wish to stop, the secrets to mask, and how somebody waits."""

    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=Ids)
    stop: Stop = field(default_factory=Stop)
    secrets: Secrets = field(default_factory=Secrets)
    patience: Patience = field(default_factory=Patience)
