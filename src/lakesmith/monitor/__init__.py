"""What is known about runs: a record, never the truth about where to resume."""
