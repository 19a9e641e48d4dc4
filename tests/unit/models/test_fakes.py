"""Specification of the fakes, as far as they need neither numpy nor torch.

`tests/examples/test_fakes.py` compares them with the real ones.
"""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
import types

import pytest

from pytest_bulkhead.models import fake_feature_extraction, fake_sentence_transformer
from pytest_bulkhead.models.fake import Fake


@pytest.fixture(params=["sentences", "features"])
def fake(request):
    makers = {"sentences": fake_sentence_transformer, "features": fake_feature_extraction}
    return makers[request.param](dim=16)


class Index:
    """An integer that is no `int`, as numpy's are."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def test_a_dim_is_any_integer():
    """Also one of numpy."""
    assert repr(fake_sentence_transformer(dim=Index(3))) == repr(fake_sentence_transformer(dim=3))


def test_a_stub_of_torch_has_no_devices(monkeypatch):
    """So the fake's own is handed out, as where there is no torch."""
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    assert fake_sentence_transformer(device="cuda:1").device.type == "cuda"


@pytest.mark.parametrize("dim", [0, -1, 1.5, "384", True, Index(0)], ids=repr)
@pytest.mark.parametrize("make", [fake_sentence_transformer, fake_feature_extraction])
def test_a_dim_that_cannot_be_is_an_error(make, dim):
    """Which names it."""
    with pytest.raises(ValueError, match=f"dim={dim!r}"):
        make(dim=dim)


def test_what_a_fake_cannot_do_it_has_not(fake):
    """So that `hasattr` tells, and the error names it and what to do."""
    assert not hasattr(fake, "tokenizer")
    with pytest.raises(AttributeError, match=r"no 'fit'.*fake\.fit = "):
        fake.fit()
    fake.fit = "fitted"
    assert fake.fit == "fitted"


class Real:
    """Stands for the class of a library that is imported."""


class Passing(Fake):
    """Passes for it."""

    _REAL = (__name__, "Real")


class TooEarly(Fake):
    """Would pass for one that is not imported."""

    _REAL = ("no.such.library", "Real")


def test_a_fake_passes_for_the_real_one():
    """By `isinstance`, once the real one is imported; it is copied and pickled all the same."""
    passing = Passing(16, "cpu")
    copies = [copy.copy(passing), copy.deepcopy(passing), pickle.loads(pickle.dumps(passing))]

    assert all(isinstance(one, Real) and isinstance(one, Passing) for one in (passing, *copies))
    assert [one.vectors(["a"]) for one in copies] == [passing.vectors(["a"])] * 3
    assert TooEarly(16, "cpu").__class__ is TooEarly


def test_lists_need_nothing(fake):
    """Vectors as lists of floats, and the device as a text."""
    (vector,) = fake.vectors(["the cat"])
    assert len(vector) == 16
    assert math.isclose(math.fsum(number * number for number in vector), 1)
    assert str(fake.device) == fake.device.type == "cpu"


def test_a_text_has_a_vector_for_each_token():
    """In a list of one, as of a batch; a list of texts gives a list of these, a generator one late."""
    pipeline = fake_feature_extraction(dim=16)
    (tokens,) = pipeline("the capital of France")

    assert [len(vector) for vector in tokens] == [16] * 6
    assert [tokens[0]] == pipeline.vectors(["the capital of France"])
    assert pipeline(["the capital of France", ""], batch_size=8)[0] == [tokens]
    assert [len(some) for (some,) in pipeline(text for text in ["a b", ""])] == [4, 2]
    assert pipeline.predict("a b") == pipeline.transform("a b") == pipeline(inputs="a b")


@pytest.mark.parametrize(
    ("asked", "tokens"),
    [
        ({"truncation": True}, 8),
        ({"tokenize_kwargs": {"truncation": True, "max_length": 5}}, 5),
        ({"tokenize_kwargs": {"truncation": True, "max_length": 99}}, 8),
    ],
)
def test_long_texts_are_truncated_if_asked(asked, tokens):
    """To what the model takes, or what is asked; else they are an error, as of the real one."""
    pipeline = fake_feature_extraction(dim=4, model_max_length=8)
    with pytest.raises(RuntimeError, match=r"12 tokens.*takes 8"):
        pipeline("word " * 10)
    assert [len(some) for some in pipeline("word " * 10, **asked)] == [tokens]


def test_short_texts_are_padded_if_asked():
    """With vectors of zeros, at the end."""
    pipeline = fake_feature_extraction(dim=4)
    (tokens,) = pipeline("a", tokenize_kwargs={"padding": "max_length", "max_length": 5})
    assert tokens[3:] == [[0.0] * 4] * 2


@pytest.mark.parametrize(
    ("args", "asked", "error"),
    [
        ((), {}, TypeError),
        (([],), {}, IndexError),
        ((None,), {}, ValueError),
        (([3],), {}, ValueError),
        ((("a", "b"),), {}, ValueError),
        (("a",), {"truncation": True, "tokenize_kwargs": {"truncation": True}}, ValueError),
        (("a",), {"tokenize_kwargs": {"stride": 3}}, NotImplementedError),
    ],
)
def test_what_the_pipeline_refuses(args, asked, error):
    """As the real one does, save for what it does not pretend."""
    with pytest.raises(error):
        fake_feature_extraction(dim=4)(*args, **asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"default_prompt_name": "x"}, "'x' not found"),
        ({"similarity_fn_name": "maxsim"}, "maxsim"),
    ],
)
def test_what_a_sentence_transformer_cannot_be(asked, message):
    """Is an error when it is made, as of the real one."""
    with pytest.raises(ValueError, match=message):
        fake_sentence_transformer(**asked)


def test_a_call_of_the_model_says_what_to_call():
    """Where a loader was patched that is an object, too."""
    with pytest.raises(NotImplementedError, match=r"encode\(\).*__call__"):
        fake_sentence_transformer()("a text")


def test_nothing_is_imported_unless_needed():
    """Neither numpy nor torch, for lists; nor torch for anything but a tensor, where they are installed."""
    code = """
import sys
from pytest_bulkhead.models import fake_feature_extraction, fake_sentence_transformer
model = fake_sentence_transformer()
model.vectors(["a"]), model.to("cpu").eval().device, repr(model), model.get_embedding_dimension()
isinstance(model, str), fake_feature_extraction()("a")
assert model.device == "cpu"
light = {"torch", "numpy", "transformers", "sentence_transformers"} & set(sys.modules)
try:
    model.encode(["a"])
except ImportError as error:
    assert "needs numpy" in str(error) and "fake.vectors" in str(error)
print(light or "nothing", "torch" in sys.modules)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["nothing", "False"], out.stdout
