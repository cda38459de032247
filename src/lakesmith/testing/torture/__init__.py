"""The proof that nothing is lost and nothing doubled: histories, kills, trouble and mutants.

Four parts, each a campaign of `python -m lakesmith.testing.torture`:

* histories: `Story` (a seed's steps), played by `History` with the real code in a `World` whose clock, store, catalog and source are made
  for it; `Witness` checks the laws after every commit through `Oracle`, which reads tables without the code under test.
* kills: an `Ordeal` is what victims do (`prepare`, `act`, `check`, `grow`); they are killed at every crash point that its unharmed
  pass logs, at every point that recovery passes, and at random times.
* trouble: two runs at once, zombies, full and read-only disks, locks, an old catalog, a damaged run store.
* mutants: the code under test made wrong in one way at a time; each has to be caught.

A new source or mode plugs in as one more `Ordeal`, and is then killed everywhere like the others:

    class TableLoads:
        name = "postgres, first load"
        def prepare(self, home): ...        # make a small real system, and the state before
        def act(self, home): ...            # load; after a kill it is run again and must find its way
        def check(self, home): ...          # compare all contents with the system, read by other means; raise BrokenError
        def grow(self, home, round_): ...   # bring something new

    told = kill_at(TableLoads(), "lake.commit.prepared:1", folder)
    assert told["broken"] == []

The process that forks victims calls `victims.import_everything()` first and runs nothing of Polars, Arrow or DuckDB itself.
"""
