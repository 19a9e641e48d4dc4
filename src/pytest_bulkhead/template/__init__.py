"""The template: collects once, runs no test, and is forked into workers."""
