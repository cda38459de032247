"""Stands before dbt on the path of processes that tests start: the same command, without its start."""
