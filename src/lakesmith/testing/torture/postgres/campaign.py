"""The part `postgres` of the proof."""

from __future__ import annotations

from lakesmith.testing.torture.postgres.history import play
from lakesmith.testing.torture.postgres.mutants import MUTANTS
from lakesmith.testing.torture.postgres.server import serving
from lakesmith.testing.torture.servers.campaign import Part

NEEDED = (
    "adbc_driver_postgresql",
    "psycopg",
    "lakesmith.sources.postgres.reading.reader",
    "lakesmith.sources.postgres.reading.session",
    "lakesmith.sources.postgres.source",
    "lakesmith.sources.postgres.types.batches",
    "lakesmith.testing.torture.ordeals",
)
PART = Part("postgres", "PostgreSQL", "ddl", NEEDED, serving, play, MUTANTS, mutant_seeds=6, mutant_steps=300)
