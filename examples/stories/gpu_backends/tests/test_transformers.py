import pytest
from engines.backends import transformers

pytestmark = pytest.mark.requires(gpu=1)


def test_loaded_once():
    assert transformers() is transformers()


def test_as_many_answers_as_prompts():
    assert len(transformers().generate_all(["a ship", "a plane"])) == 2


@pytest.mark.qualitative
def test_answer_is_of_the_prompt():
    assert "ship" in transformers().generate("a ship")
