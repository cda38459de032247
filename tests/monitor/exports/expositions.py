"""A reader of Prometheus's text format that shares nothing with its writer."""

from __future__ import annotations

import re

SAMPLE = re.compile(r'([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\.)*)"')
ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}


def read(text):
    """Return the samples of a text: {(name, labels as sorted pairs): number}; anything that is no line of the format fails."""
    found = {}
    for line in text.split("\n")[:-1]:
        if line.startswith(("# HELP ", "# TYPE ")):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        labels = [
            (name, re.sub(r"\\(.)", lambda m: ESCAPES[m[1]], value)) for name, value in LABEL.findall(match[2] or "")
        ]
        key = (match[1], tuple(sorted(labels)))
        assert key not in found, key
        found[key] = float(match[3])
    return found
