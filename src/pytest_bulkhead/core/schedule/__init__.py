"""Which tests share a process, and in which order they run."""
