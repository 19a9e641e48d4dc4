"""A script that is out of date."""

print(len(8080))
