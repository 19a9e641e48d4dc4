"""What a test must not leave behind."""
