from engines.prompts import cut, templated


def test_templated():
    assert templated("be brief", "hello", "hi") == "<system> be brief\n<user> hello\n<assistant> hi"


def test_cut():
    assert cut("one two three", 2) == "two three"
