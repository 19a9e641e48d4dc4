"""Decisions: pure functions, values and tables.

Nothing here knows a clock, a pid, a file descriptor or pytest; time comes in as a number.
"""
