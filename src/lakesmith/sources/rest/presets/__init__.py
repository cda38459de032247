"""Platforms that are known well: what is the same for everybody is written beside, a user writes credentials and what deviates."""
