"""A victim says something and waits, in a process of its own: one that forks victims must have run nothing."""

import json
import subprocess
import sys

PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path
from lakesmith.testing.torture.servers.talking import Alarm, Talk, converse

home, heard, told = Path(sys.argv[1]), [], {}

def act(wire):
    talk = Talk(wire)
    for number in range(3):
        talk(at=number)

def wait(wire):
    Talk(wire)(at="asleep")
    time.sleep(60)

def kill(child):
    os.kill(child, signal.SIGKILL)

def hear(_child, said):
    heard.append(said["at"])

def refuse(_child, said):
    raise ValueError(said["at"])

told["well"] = converse(act, home, hear).went_well
told["killed"] = converse(wait, home, hear, alarm=Alarm(0.2, kill)).was_killed
try:
    converse(wait, home, refuse)
except ValueError as error:
    told["refused"] = str(error)
told["heard"] = heard
told["left"] = len(list(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()))
print(json.dumps(told))
"""


def test_whatever_a_victim_says_it_waits_and_it_ends_with_whom_it_talks_to(tmp_path):
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "well": True,
        "killed": True,
        "refused": "asleep",
        "heard": [0, 1, 2, "asleep"],
        "left": 0,
    }
