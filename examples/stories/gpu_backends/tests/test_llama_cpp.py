import pytest
from engines.backends import llama_cpp

pytestmark = pytest.mark.requires(gpu=1)


def test_loaded_once():
    assert llama_cpp() is llama_cpp()


def test_as_many_answers_as_prompts():
    assert len(llama_cpp().generate_all(["a ship", "a plane"])) == 2


@pytest.mark.qualitative
def test_answer_is_of_the_prompt():
    assert "ship" in llama_cpp().generate("a ship")
