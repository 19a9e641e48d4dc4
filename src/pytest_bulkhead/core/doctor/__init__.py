"""What a machine, an installation and a suite mean for isolated runs."""
