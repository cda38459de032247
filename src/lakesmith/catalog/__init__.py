"""Assets and what feeds them."""
