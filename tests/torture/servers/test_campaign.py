"""A mutant is caught by a law that it is about, and by no other one; in a process of its own, as it forks."""

import json
import os
import subprocess
import sys

import pytest

from lakesmith.testing.torture.servers.mutants import NAMED, Mutant, applied, nothing

PROGRAM = """
import contextlib, json, os, random, sys
from pathlib import Path
from lakesmith.testing.torture.campaigns import Budget
from lakesmith.testing.torture.laws import BrokenError
from lakesmith.testing.torture.servers.campaign import Part
from lakesmith.testing.torture.servers.mutants import Mutant
from lakesmith.testing.torture.servers.playing import History, Scene

class Street(History):
    scene, head, reshaped = None, "a street", 0

def play(_server, seed, home, how):
    history = Street(seed, home, how.steps, how.theme)
    history.scene = Scene(None, "street", random.Random(seed))
    history.scene.steps["walk"] = how.steps
    if seed == 1 and "NARROW" in os.environ:
        history.broken = BrokenError("doubled", "a house stands there twice")
    return history

def narrow(_patches):
    os.environ["NARROW"] = "yes"

def torture(*laws):
    serving = lambda count: contextlib.nullcontext([None] * count)
    part = Part("street", "streets", "drift", (), serving, play, {"narrow": Mutant(narrow, laws)}, mutant_seeds=3, mutant_steps=2)
    found = part.torture(Budget(workers=1), 2, 5, Path(sys.argv[1]), lambda _text: None)
    return [found.figures, found.broken]

print(json.dumps([torture("lost", "doubled"), torture("lost")]))
"""


@pytest.mark.long
def test_histories_are_counted_and_another_law_says_nothing_of_a_mutant(tmp_path):
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    caught, missed = json.loads(done.stdout)
    counted = {"drift": 0, "histories": 2, "operations": 10, "step walk": 10}
    assert caught == [{"street": counted, "seeds": [0, 1], "mutants": {"narrow": True}}, []]
    assert missed[0]["mutants"] == {"narrow": False}
    assert missed[1] == ["mutant 'narrow' was not caught"]


def test_processes_know_which_mutant_they_are_a_part_of():
    with applied("plain", Mutant(nothing, ("lost",))):
        assert NAMED not in os.environ
    with applied("deep", Mutant(nothing, ("lost",), reader=nothing)):
        assert os.environ[NAMED] == "deep"
    assert NAMED not in os.environ
