"""Migrations of the run store, oldest first."""
