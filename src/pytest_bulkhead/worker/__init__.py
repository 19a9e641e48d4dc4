"""The worker: runs the tests of one group with a real pytest session."""
