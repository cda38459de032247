"""Takes values of rows out of what dbt leaves in `target/`: databases quote them in their messages, and dbt writes those down."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lakesmith.dbt.artifacts import MANIFEST, RUN_RESULTS
from lakesmith.dbt.faults import clean_message
from lakesmith.host.files import write_atomically

_WELL = frozenset({"success", "pass", "skipped", "no-op", "reused"})


def code_in(folder: Path) -> str:
    """Return the code of all models, tests and macros as it was written, from `manifest.json`; nothing where it cannot be read."""
    try:
        raw = json.loads((folder / MANIFEST).read_bytes())
        code = [str(node.get("raw_code") or "") for node in raw["nodes"].values()]
        return "\n".join(code + [str(macro.get("macro_sql") or "") for macro in raw["macros"].values()])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def tidy_results(folder: Path, mask: Callable[[str], str]) -> None:
    """Clean the messages in `run_results.json`; a file that cannot be understood is taken away.

    Args:
        folder: The target folder.
        mask: Takes secrets out of a text.

    Raises:
        StorageUnavailableError: If the file cannot be written.
    """
    path = folder / RUN_RESULTS
    try:
        raw = json.loads(path.read_bytes())
        unwell = [result for result in raw["results"] if _is_unwell(result)]
    except OSError:
        return
    except (ValueError, KeyError, TypeError, AttributeError):
        path.unlink(missing_ok=True)
        return
    if unwell:
        written = code_in(folder)
        for result in unwell:
            result["message"] = mask(clean_message(result["message"], written))
        write_atomically(path, json.dumps(raw))


def _is_unwell(result: dict[str, Any]) -> bool:
    return result.get("status") not in _WELL and isinstance(result.get("message"), str)
