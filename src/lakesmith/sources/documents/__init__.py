"""Documents as a source: one row for every mail, letter, presentation, page or picture below a folder.

The class is loaded when it is asked for: the processes that read documents import this package too, and need none of its options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakesmith.sources.documents.options import DocumentsOptions, DocumentStreamOptions
    from lakesmith.sources.documents.source import DocumentsSource

__all__ = ["DocumentStreamOptions", "DocumentsOptions", "DocumentsSource"]

_HOMES = {"DocumentsSource": "source", "DocumentsOptions": "options", "DocumentStreamOptions": "options"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
