"""Lets the tests of this folder share its helper modules, and those of whole projects."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[2]
sys.path[:0] = [str(folder) for folder in (Path(__file__).parent, TESTS / "end_to_end", TESTS / "servers")]
