"""The figures that this project promises, measured side by side: `python -m bench`."""
