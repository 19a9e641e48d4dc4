"""What the processes say to each other: messages and their bytes. No descriptor in sight."""
