"""How a process may start: forked or spawned, and what it finds there."""
