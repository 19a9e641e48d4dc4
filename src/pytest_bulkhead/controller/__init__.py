"""The controller: the pytest the user started. Imports no test module, runs no test."""
