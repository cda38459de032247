"""The project file: `lakesmith.yml` as values that know where they are written."""
