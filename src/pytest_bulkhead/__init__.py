"""pytest-bulkhead: a breach floods one compartment of a pytest run, not the hull.

The package itself imports nothing: pytest loads it in every run, used or not.
"""

__version__ = "0.1.0"
