"""Gathers what the pages of the console show, and the command line's twins: a module for each page, frozen values out."""

from lakesmith.api.viewing.viewing import Viewing

__all__ = ["Viewing"]
