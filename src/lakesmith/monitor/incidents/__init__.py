"""What needs a person: one incident for each cause, however much it broke."""
