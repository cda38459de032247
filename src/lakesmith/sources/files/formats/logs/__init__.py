"""Logs of web servers and load balancers: one engine reads lines, one module per format says how they are written."""
