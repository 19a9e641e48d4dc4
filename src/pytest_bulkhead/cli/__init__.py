"""The `bulkhead` command."""
