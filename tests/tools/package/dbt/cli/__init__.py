"""Where `dbt.cli.main` is looked for."""
