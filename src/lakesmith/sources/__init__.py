"""Connectors: each turns one kind of system into splits, chunks and positions."""
