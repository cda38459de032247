"""dbt, driven by its command line and its artifacts, never imported."""
