"""A demo company that keeps changing, is dirty on purpose, and knows the truth about itself."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakesmith.simulate.clean import clean_tables
    from lakesmith.simulate.company import Company
    from lakesmith.simulate.marts import MART_COLUMNS, truth
    from lakesmith.simulate.write import DeliveredFile, Delivery, deliver

__all__ = ["MART_COLUMNS", "Company", "DeliveredFile", "Delivery", "clean_tables", "deliver", "truth"]

_HOMES = {
    "MART_COLUMNS": "marts",
    "Company": "company",
    "DeliveredFile": "write",
    "Delivery": "write",
    "clean_tables": "clean",
    "deliver": "write",
    "truth": "marts",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
