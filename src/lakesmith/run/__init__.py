"""The hallway: a plan as plain values, and the steps that carry it out."""
