"""Commits of every kind, sent exactly once: loads, swaps, rollbacks, several tables together; what they expire."""
