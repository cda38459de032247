"""What dbt-duckdb loads by name from the profile, in its own process, so that models can read bronze in a bucket."""

from __future__ import annotations

from typing import Any

from lakesmith.engines.duckdb.objects import bridge, from_config


class Plugin:
    """Has the methods that dbt-duckdb calls on a plug-in, without being made of its classes."""

    def __init__(self, name: str, plugin_config: dict[str, Any], credentials: Any = None) -> None:
        self.name, self.creds = name, credentials
        self._scheme, self._storage = from_config(plugin_config)

    def update_connection_config(self, creds: Any, config: dict[str, Any]) -> None:
        """Leave the settings of the connection as they are."""

    def configure_connection(self, conn: Any) -> None:
        """Let the connection read the bucket."""
        conn.register_filesystem(bridge(self._scheme, self._storage))

    def configure_cursor(self, cursor: Any) -> None:
        """Do nothing: cursors read through their connection."""

    def default_materialization(self) -> str:
        """Return what dbt-duckdb asks for models of a plug-in, of which there are none."""
        return "table"
