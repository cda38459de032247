"""From operational systems to trusted marts: `import lakesmith; project = lakesmith.open("."); project.run()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakesmith import errors
from lakesmith.about import __version__

if TYPE_CHECKING:
    from lakesmith.api import Project, open  # noqa: A004 - `lakesmith.open` reads as it is meant

__all__ = ["Project", "__version__", "errors", "open"]


def __getattr__(name: str) -> Any:
    """Load the API when it is first used, so that `import lakesmith` stays light."""
    if name in ("Project", "open"):
        from lakesmith import api

        return getattr(api, name)
    raise AttributeError(f"module 'lakesmith' has no attribute {name!r}")
