"""Packed files: gz, bz2, xz, zst and the members of zip archives, under limits."""
