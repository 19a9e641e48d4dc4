"""What is known of a process that died or hangs."""
