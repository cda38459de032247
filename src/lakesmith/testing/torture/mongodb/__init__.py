"""Histories of a real MongoDB server: documents of all shapes, writers while loads read, kills of everybody, and what bronze then holds."""
