"""Files of a commit in the making, which nobody sees yet."""
