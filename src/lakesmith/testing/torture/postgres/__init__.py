"""The source `postgres` under torture: random histories of a real server, loads that die in the middle, and contents compared in full.

A seed makes a history: `Town` is the database and what is done to it, `Watched` the source in a victim that stops at every step and
lets the other side act, `Promise` what the laws of a stream say bronze must hold, from the server's own words in the loader's snapshot.
"""
