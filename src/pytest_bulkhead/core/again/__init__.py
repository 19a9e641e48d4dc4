"""What is learned by running tests once more."""
