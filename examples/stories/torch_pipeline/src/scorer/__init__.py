"""Scores the jobs of a queue, with torch where it is installed."""
