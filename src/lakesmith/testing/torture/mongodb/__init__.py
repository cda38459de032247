"""The source `mongodb` under torture: random histories of a real server, loads whose readers are killed, and contents compared in full.

A seed makes a history: `Market` is the collection and every version that the server held of each document, `Watched` the source in a
victim that stops at every step and lets the other side act, `Nursery` where its readers come from, `Promise` which versions bronze has.
"""
