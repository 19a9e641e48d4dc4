"""What stands in for models."""
