"""From answers to rows: where in them the records are, and what becomes of each."""
