"""A lake carried to another place."""
