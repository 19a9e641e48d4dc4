"""The first lines of a README."""

print(sum([1, 2, 3]))
