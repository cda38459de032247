"""The two drivers: psycopg for questions, ADBC for rows. Neither is imported before it is used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from lakesmith.errors import MissingExtraError

PSYCOPG = "psycopg"
ADBC = "adbc_driver_postgresql"
RAISED = (("psycopg", "Error"), ("adbc_driver_manager", "Error"), ("pyarrow", "ArrowException"))
"""What the drivers raise: looked up among the modules that are loaded, as what is not loaded raises nothing."""


def load_driver(name: str, *, extra: str = "postgres") -> Any:
    """Import a library that not every installation has.

    Raises:
        MissingExtraError: If it is not installed, or does not find the library it is built on.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0].replace("_", "-")
        raise MissingExtraError(
            f"A PostgreSQL source needs the package {package}, which is not installed, or does not load here.",
            fix=f'pip install "lakesmith[{extra}]"',
        ) from error


def raised_by_drivers() -> tuple[type[BaseException], ...]:
    """Return the classes of exceptions that the loaded drivers raise."""
    found = [getattr(sys.modules[module], name) for module, name in RAISED if module in sys.modules]
    return (*found, OSError)
