import pytest
from engines.backends import vllm

pytestmark = pytest.mark.requires(gpu=1)


def test_loaded_once():
    assert vllm() is vllm()


def test_as_many_answers_as_prompts():
    assert len(vllm().generate_all(["a ship", "a plane"])) == 2


@pytest.mark.qualitative
def test_answer_is_of_the_prompt():
    assert "ship" in vllm().generate("a ship")
