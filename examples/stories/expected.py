"""THE model: how each story ends without us, and what the commands of its people do with us.

A story is a small project: a package in `src`, tests, and a `pyproject.toml` that says what we
shall do. `tests/examples/test_stories.py` copies it away and types there what is written here:

    story.plain      ends as `ends` says; these tests fail, and the terminal shows why
    story.commands   run the tests that they should; each has the state of `states`
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping


def every(_test: str) -> bool:
    """Say of every test that it is run."""
    return True


@dataclasses.dataclass(frozen=True)
class Plain:
    """How the project ends without us. All tests that are not named here have passed."""

    #: What becomes of the process, one of these: "exit status 1", a signal's name, "no end".
    ends: tuple[str, ...]
    #: For each test that is run to its end and does not pass: its state.
    states: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: The test that was begun and never came to its end. None after it was run.
    in_hand: str = ""
    #: Texts that must be on the terminal: what happens is what is meant.
    shows: tuple[str, ...] = ()
    #: Whether a test is run by it.
    runs: Callable[[str], bool] = every
    #: What is typed: without us, or with us and without the change that the story is about.
    typed: str = "pytest -p no:bulkhead"


@dataclasses.dataclass(frozen=True)
class Command:
    """What people type in the project, with `NAME=value` before it as in a shell."""

    typed: str
    #: Whether a test is run by it.
    runs: Callable[[str], bool] = every
    #: Texts that must be on the terminal.
    shows: tuple[str, ...] = ()
    #: For each test that ends otherwise than by the story's other commands: its state.
    states: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Story:
    """A folder of `examples/stories/`, and what is typed there."""

    name: str
    #: All of its tests, by node id, in the order in which plain pytest runs them.
    tests: tuple[str, ...]
    #: How it ends without us: in one of these ways.
    plain: tuple[Plain, ...]
    commands: tuple[Command, ...]
    #: With us, for each test that does not simply pass: "skipped", or "passed, error".
    states: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def ours(self, command: Command) -> dict[str, str]:
        """Return {test: state} of a command."""
        states = {**self.states, **command.states}
        return {test: states.get(test, "passed") for test in filter(command.runs, self.tests)}


def _in(file: str, *names: str) -> tuple[str, ...]:
    """Return the node ids of the tests of a file."""
    return tuple(f"tests/{file}::{name}" for name in names)


_ANSWERS = _in(
    "integration/test_answers.py",
    "test_answer_from_memory", "test_tools_are_asked", "test_several_at_once", "test_too_slow",
    "test_answer_is_short", "test_hosted", "test_own_model",
)  # fmt: skip
_AGENT = _in(
    "unit/test_agent.py",
    "test_no_model_is_configured", "test_patience_by_default", "test_encoder_is_kept",
    "test_encoder",
)  # fmt: skip
_MEMORY = _in(
    "unit/test_memory.py",
    "test_closed_memory_has_no_thread", "test_nearest_first", "test_users_are_kept_apart",
    "test_told_twice", "test_forget", "test_compact", "test_written_by_threads",
)  # fmt: skip

# -- grpc_index
_DOCUMENTS = _in(
    "integration/test_documents.py",
    "test_put", "test_drop", "test_drop_of_none", "test_document_without_a_name",
)  # fmt: skip
_SEARCH = _in("integration/test_search.py", "test_best_first", "test_limit", "test_many_at_once")
_WATCH = _in(
    "integration/test_watch.py", "test_who_watches_is_told", "test_nobody_watches_any_more"
)
_RANKING = _in(
    "unit/test_ranking.py",
    "test_words", "test_best[hull-ship]", "test_best[wing-plane]", "test_best[both-plane]",
    "test_nothing_fits",
)  # fmt: skip

# -- torch_pipeline
_BACKENDS = _in(
    "test_backends.py",
    "test_plain_scores", "test_nothing_has_no_direction", "test_chosen_without_cupy",
    "test_chosen_without_torch",
)  # fmt: skip
_JOBS = _in(
    "test_jobs.py",
    "test_decoded", "test_not_a_job[no_json]", "test_not_a_job[no_rows]", "test_not_a_job[ragged]",
    "test_failed_jobs_come_again",
)  # fmt: skip
_STUBBED = _in("test_stubbed.py", "test_device", "test_gives_up")
_WORKER = _in("test_worker.py", "test_works_with_torch", "test_all_are_done", "test_best")
_WITHOUT_STUB = "pytest -c before.ini --ignore=tests/test_stubbed.py"
_EVICTED = ("torch was taken out of sys.modules: it has native code", "test_backends.py:22)")


def _not_stubbed(test: str) -> bool:
    return test not in _STUBBED


# -- gpu_backends
_ENGINE = ("test_loaded_once", "test_as_many_answers_as_prompts", "test_answer_is_of_the_prompt")
_LLAMA_CPP, _TRANSFORMERS, _VLLM = (
    _in(f"test_{name}.py", *_ENGINE) for name in ("llama_cpp", "transformers", "vllm")
)
_PROMPTS = _in("test_prompts.py", "test_templated", "test_cut")
_SCRIPTS = ("docs/examples/generate.py::script", "docs/examples/prompt.py::script")


def _of_the_ci(test: str) -> bool:
    return not test.endswith(_ENGINE[2])


# -- semantic_search
_MEANING = _in(
    "integration/test_meaning.py",
    "test_no_word_is_shared", "test_several_questions", "test_a_riddle",
    "test_what_is_in_production",
)  # fmt: skip
_MODEL = _in(
    "integration/test_model.py",
    "test_lengths", "test_batches_do_not_matter", "test_prompt_is_read",
)  # fmt: skip
_NEAREST = _in(
    "unit/test_search.py",
    "test_the_nearest_is_first", "test_spelling_counts_too", "test_a_whole_word_is_best",
    "test_limit", "test_nothing_is_near", "test_empty_question", "test_empty_lexicon",
    "test_several_questions",
)  # fmt: skip

STORIES: tuple[Story, ...] = (
    Story(
        "agents",
        tests=(*_ANSWERS, *_AGENT, *_MEMORY),
        plain=(
            Plain(
                ("no end",),
                states=dict.fromkeys((*_ANSWERS[1:], _AGENT[0], _AGENT[3], _MEMORY[0]), "failed"),
                in_hand=_MEMORY[5],
            ),
        ),
        commands=(
            Command(
                "python -X faulthandler -m pytest --durations=10",
                shows=("in forget", "in compact", "slowest 10 durations"),
            ),
            Command(
                'pytest -m "not qualitative"',
                runs=lambda test: not test.endswith("test_answer_is_short"),
                shows=("1 deselected",),
            ),
            Command("pytest tests/integration --forked -v", runs=_ANSWERS.__contains__),
            Command("pytest -n auto", shows=("[gw1]",)),
            Command(
                "pytest -x", runs=lambda test: test != _MEMORY[-1], shows=("stopping after 1",)
            ),
            Command(
                "pytest -k memory --cov=desk", runs=lambda test: "memory" in test, shows=("TOTAL",)
            ),
        ),
        states={_ANSWERS[5]: "skipped", _ANSWERS[6]: "skipped", _MEMORY[5]: "timed out"},
    ),
    Story(
        "grpc_index",
        tests=(*_DOCUMENTS, *_SEARCH, *_WATCH, *_RANKING),
        plain=(
            Plain(
                ("SIGSEGV", "SIGABRT"),
                in_hand=_SEARCH[0],
                shows=("Fatal Python error", "grpc._cython.cygrpc"),
            ),
        ),
        commands=(
            Command(
                "just test",
                shows=("PollerCompletionQueue._poll_wrapper), started at", "module client of "),
            ),
            Command("just test-integration", lambda test: "/integration/" in test),
            Command(
                "just test-integration-fast",
                lambda test: "/integration/" in test and test != _SEARCH[2],
                shows=("1 deselected",),
            ),
            Command("just test-integration -x -k search", _SEARCH.__contains__),
            Command("pytest -n auto", shows=("[gw1]",)),
            Command("pytest --durations=10", shows=("slowest 10 durations",)),
            Command("python -X faulthandler -m pytest"),
        ),
    ),
    Story(
        "torch_pipeline",
        tests=(*_BACKENDS, *_JOBS, *_STUBBED, *_WORKER),
        plain=(
            Plain(
                ("exit status 1",),
                states=dict.fromkeys(_WORKER, "failed"),
                shows=("'types.SimpleNamespace' object has no attribute 'is_grad_enabled'",),
                typed="pytest -c before.ini",
            ),
            Plain(
                ("SIGSEGV", "SIGABRT"),
                in_hand=_WORKER[0],
                shows=("Fatal Python error",),
                typed=_WITHOUT_STUB,
                runs=_not_stubbed,
            ),
            Plain(
                ("exit status 1", "SIGSEGV", "SIGABRT"),
                states=dict.fromkeys(_WORKER, "failed"),
                shows=("from torch._C import",),
                typed=_WITHOUT_STUB,
                runs=_not_stubbed,
            ),
        ),
        commands=(
            Command("pytest", shows=_EVICTED),
            Command(
                'pytest -m "not qualitative" --forked -v',
                lambda test: test != _WORKER[2],
                shows=(*_EVICTED, "1 deselected"),
            ),
            Command(
                "pytest -n auto --durations=10", shows=("[gw1]", "slowest 10 durations", *_EVICTED)
            ),
            Command(
                'python -X faulthandler -m pytest -k "worker or backends"',
                (*_BACKENDS, *_WORKER).__contains__,
            ),
            Command(
                "pytest -o isolate_guards=modules=fail tests/test_backends.py",
                _BACKENDS.__contains__,
                shows=("test_chosen_without_cupy left behind: modules: ", *_EVICTED),
                states={_BACKENDS[2]: "passed, error"},
            ),
        ),
    ),
    Story(
        "gpu_backends",
        tests=(*_LLAMA_CPP, *_PROMPTS, *_TRANSFORMERS, *_VLLM, *_SCRIPTS),
        plain=(
            Plain(
                ("exit status 1",),
                states=dict.fromkeys((*_TRANSFORMERS, *_VLLM), "failed"),
                shows=("OutOfMemoryError: CUDA out of memory",),
                # The scripts are tests by us alone.
                runs=lambda test: test not in _SCRIPTS,
            ),
        ),
        commands=(
            Command("pytest", shows=("isolate: GPUs 0 (",)),
            Command("CICD=1 pytest", _of_the_ci, shows=("3 deselected", "profile ci")),
            Command('pytest -m "not qualitative"', _of_the_ci, shows=("3 deselected",)),
            Command("pytest -n auto", shows=("[gw1]",)),
            Command(
                "pytest --durations=10 docs/examples",
                _SCRIPTS.__contains__,
                shows=("slowest 10 durations", "docs/examples/prompt.py::script"),
            ),
            Command("python -X faulthandler -m pytest tests/test_vllm.py", _VLLM.__contains__),
            Command(
                "pytest --cov=engines --cov-report=html --cov-report=json --cov-fail-under=70",
                shows=(
                    "Coverage HTML written to dir htmlcov",
                    "Coverage JSON written to file coverage.json",
                    "Required test coverage of 70% reached",
                ),
            ),
        ),
        states={_SCRIPTS[0]: "skipped"},
    ),
    Story(
        "semantic_search",
        tests=(*_MEANING, *_MODEL, *_NEAREST),
        plain=(
            Plain(
                ("exit status 1",),
                states=dict.fromkeys((*_MEANING[:3], *_MODEL), "error") | {_MEANING[3]: "failed"},
                shows=("OSError: We couldn't connect to", "gte-Qwen2-1.5B-instruct"),
                runs=lambda test: test not in _NEAREST,
                typed="HF_HUB_OFFLINE=1 pytest -p no:bulkhead tests/integration",
            ),
        ),
        commands=(
            Command(
                "pytest tests/unit --durations=10",
                runs=_NEAREST.__contains__,
                shows=("slowest 10 durations",),
            ),
            Command(
                "pytest tests/integration --forked -v",
                runs=lambda test: test not in _NEAREST,
                shows=("function level", "forked from the template"),
            ),
            Command(
                'pytest -n auto -m "not qualitative"',
                runs=lambda test: test != _MEANING[2],
                shows=(
                    "forked from the template",
                    "1 deselected",
                    "gte-Qwen2-1.5B-instruct -> package:",
                ),
            ),
            Command(
                "python -X faulthandler -m pytest tests/integration/test_meaning.py "
                "--isolate-profile=single-thread,cpu,offline,macos",
                runs=_MEANING.__contains__,
                shows=("spawned", "macos"),
            ),
        ),
        states={_MEANING[3]: "skipped"},
    ),
)
