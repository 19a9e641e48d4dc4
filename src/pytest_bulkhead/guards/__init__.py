"""What a test must not leave behind: one small class for each resource of the process.

Knows the process that it is in, and neither pytest nor who runs tests.
"""
