"""What tests take of the machine while they run."""
