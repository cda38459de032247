"""Where dbt runs, and what readers open afterwards: one package per engine."""
