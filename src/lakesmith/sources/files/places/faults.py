"""What goes wrong at places far away, as errors a person can act on. What the other side said itself is left out: it may name keys."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lakesmith.errors import (
    ConnectorOptionsError,
    LakesmithError,
    MissingExtraError,
    SourceDataError,
    SourceMissingError,
    StorageUnavailableError,
)


class PlaceFaultError(Exception):
    """What a connection met. `code` is the other side's own short name for it, such as `HTTP 503`; never a message."""

    def __init__(self, code: str = "") -> None:
        super().__init__(code)
        self.code = code


class MissingFaultError(PlaceFaultError):
    """There is no such file."""


class NowhereFaultError(PlaceFaultError):
    """There is no such bucket, container or server."""


class DeniedFaultError(PlaceFaultError):
    """Keys, user or password are not accepted, or may not do this."""


class ChangedFaultError(PlaceFaultError):
    """The file is another one than it was when it was opened."""


class UnreachableFaultError(PlaceFaultError):
    """Something that may pass: no answer, an answer that makes no sense, too many requests."""


class UnfitFaultError(PlaceFaultError):
    """The server cannot do what is needed; `code` says what, in words."""


ERRORS: dict[type[PlaceFaultError], tuple[type[LakesmithError], str, str]] = {
    MissingFaultError: (
        SourceMissingError,
        "The file is not there any more.",
        "bring it back, or run again: what is left is loaded",
    ),
    NowhereFaultError: (
        ConnectorOptionsError,
        "There is no such place.",
        "correct `root:` or `storage: {endpoint: …}`",
    ),
    DeniedFaultError: (
        ConnectorOptionsError,
        "Access was denied.",
        "check the keys, user or password in `storage:` or the environment, and that they may list and read below `root:`",
    ),
    ChangedFaultError: (
        SourceDataError,
        "A file was changed while it was being read.",
        "run again once it is complete; a delivery under a new name is never caught half-way",
    ),
    UnreachableFaultError: (
        StorageUnavailableError,
        "The place does not answer as it should, after several attempts.",
        "check that it can be reached, then run the same command again: loading resumes where it was",
    ),
    UnfitFaultError: (
        ConnectorOptionsError,
        "The place cannot be read.",
        "copy the files into a folder or a bucket, and read them there",
    ),
}


def error_of(fault: PlaceFaultError, path: str, where: str) -> LakesmithError:
    """Return the error for a fault.

    Args:
        fault: What was met.
        path: The file or the place, without user and password.
        where: The project file and line of the source.
    """
    kind, what, fix = ERRORS[type(fault)]
    code = f" ({fault.code})" if fault.code else ""
    return kind(what.removesuffix(".") + code + ".", where=f"{path}{f', {where}' if where else ''}", fix=fix)


def load_library(name: str, extra: str) -> Any:
    """Import a library that not every installation has.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"Files of this kind of place are read with the package {name.partition('.')[0]}, which is not installed.",
            fix=f'pip install "lakesmith[{extra}]"',
        ) from error
