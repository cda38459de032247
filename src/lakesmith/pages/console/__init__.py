"""The pages of the console: a module each, values in, HTML out."""
