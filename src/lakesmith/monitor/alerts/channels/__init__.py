"""The ways a message reaches somebody: one module each, and the connections they share."""
