"""Lets the tests of packed files share their packers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
