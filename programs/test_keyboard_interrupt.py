"""A test raises KeyboardInterrupt: nobody pressed Ctrl-C."""


def test_before():
    pass


def test_guilty():
    raise KeyboardInterrupt


def test_after():
    pass
