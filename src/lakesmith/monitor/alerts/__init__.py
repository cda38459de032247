"""Telling people: who gets which message when, and how it reaches them."""
