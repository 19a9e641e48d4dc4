"""Python code recurses until the interpreter refuses: a failure, no crash."""


def test_before():
    pass


def test_guilty():
    def dive():
        return dive()

    dive()


def test_after():
    pass
