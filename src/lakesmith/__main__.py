"""`python -m lakesmith` is `lakesmith`."""

from lakesmith.cli.main import main

main()
