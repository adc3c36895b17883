"""The roster as a file: read and checked whole, watched, and fetched from a supplier."""
