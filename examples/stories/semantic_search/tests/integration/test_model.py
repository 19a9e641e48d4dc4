"""What the product asks of a model, whichever it is."""

import numpy as np
from lexis.loading import QUESTION


def test_lengths(model):
    vectors = model.encode(["a king", "", "many words " * 500], normalize_embeddings=True)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_batches_do_not_matter(model):
    texts = ["a king", "a queen", "bread"]
    assert np.allclose(model.encode(texts, batch_size=1), model.encode(texts), atol=1e-5)


def test_prompt_is_read(model):
    assert not np.allclose(model.encode("bread", prompt=QUESTION), model.encode("bread"))
