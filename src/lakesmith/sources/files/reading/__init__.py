"""How one file is read, growing or whole, packed or not, and how its rejected records are read again."""
