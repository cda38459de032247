"""A demo design agency: its clients written down badly, its projects, its mail, and the truth about all of them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakesmith.simulate.agency.deliver import deliver_agency
    from lakesmith.simulate.agency.truth import AGENCY_MARTS, agency_truth
    from lakesmith.simulate.agency.world import Agency

__all__ = ["AGENCY_MARTS", "Agency", "agency_truth", "deliver_agency"]

_HOMES = {"AGENCY_MARTS": "truth", "Agency": "world", "agency_truth": "truth", "deliver_agency": "deliver"}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
