"""The operating system, behind small functions that take no decisions."""
