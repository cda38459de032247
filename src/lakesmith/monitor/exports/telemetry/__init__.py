"""The record of runs as a source: what the platform knows of itself lands in the lake like any other table."""

from lakesmith.monitor.exports.telemetry.source import TelemetrySource

__all__ = ["TelemetrySource"]
