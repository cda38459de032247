"""Where rejected records wait, and which of them show."""
