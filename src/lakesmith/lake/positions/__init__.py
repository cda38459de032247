"""Checkpoints: which is in force, and where large ones lie."""
