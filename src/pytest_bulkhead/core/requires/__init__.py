"""What tests say that they need, and whether this machine has it."""
