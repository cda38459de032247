"""Makes the example package and the mutants importable, here and in the processes the suite starts."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "lakesmith-sqlite"

sys.path[:0] = [str(HERE), str(EXAMPLE / "src")]
