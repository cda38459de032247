"""Runs one dlt resource and writes what it yields as messages, a line of JSON each. Needs Python and dlt, and nothing of Lakesmith.

It is started by the Python of the environment in which the resource lives: `python dlt_program.py discover|read config.json state.json`.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import os
import sys
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID


class Writer:
    """Writes messages to where standard output was; what the resource prints goes to standard error."""

    def __init__(self, stream: str) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        os.dup2(2, 1)
        self._stream = stream
        self._formats: dict[str, str] = {}

    def say(self, message: dict[str, Any]) -> None:
        """Write a message."""
        self._out.write(encoded(message) + "\n")

    def record(self, values: dict[str, Any]) -> None:
        """Write a record; what JSON cannot tell of its types goes before it."""
        known = len(self._formats)
        for name, value in values.items():
            if name not in self._formats and isinstance(value, date):
                self._formats[name] = "date-time" if isinstance(value, datetime) else "date"
        if len(self._formats) > known:
            self.shape()
        self.say({"type": "RECORD", "stream": self._stream, "record": values})

    def shape(self) -> None:
        """Say what records look like, as far as JSON does not."""
        fields = {name: {"type": ["null", "string"], "format": form} for name, form in self._formats.items()}
        schema = {"type": "object", "properties": fields}
        self.say({"type": "SCHEMA", "stream": self._stream, "schema": schema, "key_properties": []})

    def close(self) -> None:
        """Write everything out."""
        self._out.close()


def encoded(value: Any) -> str:
    """Return a value as JSON: decimals with all their digits, times as ISO 8601, bytes as base64."""
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value)
    return json.dumps(_plain(value))


def _plain(value: Any) -> Any:
    for method in ("asdict", "to_dict", "dict"):
        with contextlib.suppress(Exception):
            return getattr(value, method)()
    return str(value)


_WRITERS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (
        dict,
        lambda value: "{" + ",".join(f"{json.dumps(str(key))}:{encoded(item)}" for key, item in value.items()) + "}",
    ),
    ((list, tuple, set, frozenset), lambda value: f"[{','.join(map(encoded, value))}]"),
    (Decimal, lambda value: f"{value:f}" if value.is_finite() else json.dumps(str(value))),
    ((datetime, date, time), lambda value: json.dumps(value.isoformat())),
    (bytes, lambda value: json.dumps(base64.b64encode(value).decode())),
    (UUID, lambda value: json.dumps(str(value))),
    ((bool, int, float, str, type(None)), json.dumps),
)


def rows_of(item: Any) -> list[dict[str, Any]]:
    """Return the records of an item that a resource yields: one, a list of them, a table of Arrow, or a frame."""
    if isinstance(item, dict):
        return [item]
    if hasattr(item, "to_pylist"):
        return list(item.to_pylist())
    if hasattr(item, "to_dict") and hasattr(item, "columns"):
        return list(item.to_dict(orient="records"))
    if isinstance(item, (list, tuple)):
        return [row for part in item for row in rows_of(part)]
    return [{"value": item}]


def resources_of(config: dict[str, Any]) -> dict[str, Any]:
    """Return the resources of what the configuration names, by name."""
    module, _, name = config["resource"].partition(":")
    made = getattr(importlib.import_module(module), name)
    if callable(made):
        made = made(**config["args"])
    if hasattr(made, "resources"):
        return dict(made.resources.items())
    if not hasattr(made, "name"):
        raise TypeError(f"{config['resource']} makes a {type(made).__name__}, which is no dlt resource and no source")
    return {made.name: made}


def key_of(resource: Any) -> list[str]:
    """Return the primary key of a resource."""
    columns = resource.compute_table_schema().get("columns") or {}
    return [name for name, said in columns.items() if said.get("primary_key")]


def main(words: list[str]) -> int:
    """Do what the command line says."""
    sys.path[0] = str(Path.cwd())  # in the place of this program's own folder, which has a module called dlt
    container: Any = importlib.import_module("dlt.common.configuration.container").Container
    pipeline: Any = importlib.import_module("dlt.common.pipeline")
    what, config, state = words[0], *(json.loads(Path(word).read_text(encoding="utf-8")) for word in words[1:])
    writer = Writer(config.get("stream", ""))
    with container().injectable_context(pipeline.StateInjectableContext(state=state)):
        resources = resources_of(config)
        if what == "discover":
            writer.say(
                {"streams": [{"tap_stream_id": name, "key_properties": key_of(one)} for name, one in resources.items()]}
            )
            writer.close()
            return 0
        writer.shape()
        for item in resources[config["stream"]]:
            for row in rows_of(item):
                writer.record(row)
        writer.say({"type": "STATE", "value": state})
    writer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
