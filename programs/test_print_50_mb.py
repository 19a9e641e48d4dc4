"""A test prints 50 MB."""


def test_before():
    pass


def test_guilty():
    line = "x" * 999 + "\n"
    for _ in range(50_000):
        print(line, end="")


def test_after():
    pass
