"""The part `mongodb` of the proof."""

from __future__ import annotations

from lakesmith.testing.torture.mongodb.history import play
from lakesmith.testing.torture.mongodb.mutants import MUTANTS
from lakesmith.testing.torture.mongodb.server import serving
from lakesmith.testing.torture.servers.campaign import Part

NEEDED = (
    "bson.json_util",
    "bson.raw_bson",
    "lakesmith.run.reconciling",
    "lakesmith.sources.mongodb.connecting.faults",
    "lakesmith.sources.mongodb.decoding.decoder",
    "lakesmith.sources.mongodb.keys",
    "lakesmith.sources.mongodb.planning.plan",
    "lakesmith.sources.mongodb.reading.crew",
    "lakesmith.sources.mongodb.reading.reader",
    "lakesmith.sources.mongodb.reading.worker",
    "lakesmith.sources.mongodb.source",
    "lakesmith.testing.torture.mongodb.reading",
    "lakesmith.testing.torture.ordeals",
    "pymongo",
    "pymongo.read_concern",
    "pymongo.synchronous.mongo_client",
)
PART = Part("mongodb", "MongoDB", "drift", NEEDED, serving, play, MUTANTS, mutant_seeds=8, mutant_steps=260)
