"""What is on record in the words of others."""
