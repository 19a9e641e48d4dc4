"""The environment that was asked for, and whether it is in force."""
