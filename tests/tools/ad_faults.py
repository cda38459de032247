"""The list of faults that a load of an advertising platform has to get through, and how it should come out of each."""

import datetime as dt
from dataclasses import dataclass

from lakesmith.simulate.apis.faults import Fault


@dataclass(frozen=True)
class Trial:
    """Faults, and how the first load ends: `whole`, or with an error of which `what` is part; the one after it is whole."""

    faults: tuple[Fault, ...]
    what: str = ""


def passing(route: str, at: int = 2) -> dict[str, Trial]:
    """Return faults that pass within one load, each at one request of a route."""
    once, now = (at,), dt.datetime.now(dt.UTC)
    single = {
        "throttled_for_seconds": Fault("throttled", route, once, retry_after=0),
        "throttled_until_a_date": Fault("throttled", route, once, retry_after=now),
        "throttled_without_a_word": Fault("throttled", route, once),
        "plain_429": Fault("status", route, once, status=429, retry_after=0),
        "storm_of_500": Fault("status", route, (at, at + 1, at + 2), status=500),
        "storm_of_502": Fault("status", route, (at, at + 1, at + 2), status=502),
        "storm_of_503": Fault("status", route, (at, at + 1, at + 2), status=503, retry_after=0),
        "cut": Fault("cut", route, once, amount=60),
        "cut_before_its_end": Fault("wrong_length", route, once, amount=9),
        "cut_in_a_chunk": Fault("cut_chunk", route, once, amount=30),
        "length_too_short": Fault("wrong_length", route, once, amount=-2),
        "reset": Fault("reset", route, once),
        "slow": Fault("slow", route, once, amount=64),
        "error_in_a_good_answer": Fault("error_body", route, once),
        "login_page": Fault("login_page", route, once),
        "token_expired": Fault("token_expired", route, once),
    }
    trials = {name: Trial((fault,)) for name, fault in single.items()}
    long_storm = Fault("status", route, tuple(range(at, at + 6)), status=500)
    return trials | {"long_storm": Trial((long_storm,), "did not answer as it should")}
