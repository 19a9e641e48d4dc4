"""THE model: how each example ends under plain pytest, and how with bulkhead.

An example is a folder with a small suite, as its users write them, and an ini file that says what
bulkhead shall do. Everybody in it is real: torch, grpcio, tokenizers and their like. What is
written here is checked by `tests/examples/test_examples.py`, which runs each folder both ways:

    pytest -v -p no:bulkhead    it ends badly, in one of the ways of `plain`
    pytest -v                   every test has the state of `states`, and the terminal shows `told`
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class End:
    """How a run of plain pytest ends badly. All tests that are not named here have passed."""

    #: What becomes of the process, one of these: "exit status 1", a signal's name, "no end".
    ends: tuple[str, ...]
    failed: tuple[str, ...] = ()
    #: The test that was begun and never came to its end. None after it was run.
    in_hand: str = ""
    #: Texts that must be on the terminal: what happens is what is meant.
    shows: tuple[str, ...] = ()


def _fails(*tests: str, shows: tuple[str, ...], ends: tuple[str, ...] = ()) -> End:
    """These tests fail; `ends` is how the process may end instead, when all is told."""
    return End(("exit status 1", *ends), failed=tests, shows=shows)


def _dies(test: str, *signals: str) -> End:
    return End(signals, in_hand=test, shows=("Fatal Python error",))


def _aborts_at_exit(shows: str) -> End:
    return End(("SIGABRT",), shows=(shows,))


def _hangs(test: str) -> End:
    return End(("no end",), in_hand=test)


@dataclasses.dataclass(frozen=True)
class Example:
    """A folder of `examples/` and its two ends."""

    name: str
    #: All of its tests, by node id, in the order in which plain pytest runs them.
    tests: tuple[str, ...]
    #: How plain pytest ends: in one of these ways, where memory that was freed decides.
    plain: tuple[End, ...]
    #: With bulkhead, for each test that does not simply pass; "passed, error" is at its teardown.
    states: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: With bulkhead, texts on the terminal: who did it, and what.
    told: tuple[str, ...] = ()

    def ours(self) -> dict[str, str]:
        """Return {test: state} with bulkhead."""
        return {test: self.states.get(test, "passed") for test in self.tests}


EXAMPLES: tuple[Example, ...] = (
    # -- modules
    Example(
        "torch_evicted",
        tests=("test_no_cupy.py::test_no_cupy_needed", "test_similarity.py::test_cosine"),
        plain=(
            _fails(
                "test_similarity.py::test_cosine",
                shows=("from torch._C import",),
                ends=("SIGSEGV", "SIGABRT"),
            ),
            _dies("test_similarity.py::test_cosine", "SIGSEGV", "SIGABRT"),
        ),
        told=(
            "torch was taken out of sys.modules: it has native code",
            "test_no_cupy.py:12)\n    test_no_cupy.py::test_no_cupy_needed\n",
        ),
    ),
    Example(
        "torch_stub",
        tests=("test_config.py::test_dtype", "test_training.py::test_gradient"),
        plain=(
            _fails(
                "test_training.py::test_gradient",
                shows=("'types.SimpleNamespace' object has no attribute 'ones'",),
            ),
        ),
    ),
    # -- environment
    Example(
        "offline_too_late",
        tests=("test_search.py::test_nothing_is_downloaded", "test_search.py::test_meaning"),
        plain=(
            _fails(
                "test_search.py::test_nothing_is_downloaded",
                shows=("where False = is_offline_mode()",),
            ),
        ),
    ),
    Example(
        "state_left",
        tests=(
            "test_train.py::test_train",
            "test_train.py::test_precision",
            "test_train.py::test_surroundings",
        ),
        plain=(
            _fails(
                "test_train.py::test_precision",
                "test_train.py::test_surroundings",
                shows=("assert torch.float64 == torch.float32", "PosixPath('pytest.ini')"),
            ),
        ),
        told=(
            "default dtype: torch.float64, was torch.float32 (put back)",
            "TOKENIZERS_PARALLELISM was added (put back)",
            "the current folder is /",
            "enabled: False, was True (put back)",
            "    test_train.py::test_train\n",
        ),
    ),
    Example(
        "settings_left",
        tests=("test_settings.py::test_large", "test_settings.py::test_small_is_the_default"),
        plain=(
            _fails(
                "test_settings.py::test_small_is_the_default",
                shows=("assert 'large' == 'small'",),
            ),
        ),
    ),
    # -- threads
    Example(
        "openmp_fork",
        tests=("test_norms.py::test_norm", "test_norms.py::test_norms_in_parallel"),
        plain=(_hangs("test_norms.py::test_norms_in_parallel"),),
    ),
    Example(
        "tokenizers_fork",
        tests=("test_encode.py::test_encode", "test_encode.py::test_encode_in_parallel"),
        plain=(_hangs("test_encode.py::test_encode_in_parallel"),),
    ),
    Example(
        "threads_left",
        tests=(
            "test_threads.py::test_progress",
            "test_threads.py::test_telemetry",
            "test_threads.py::test_no_thread_is_left",
        ),
        plain=(
            _fails(
                "test_threads.py::test_no_thread_is_left",
                shows=("TMonitor(tqdm_monitor", "Consumer(Thread-1"),
            ),
        ),
        told=("tqdm's monitor", "posthog's consumer", "    test_threads.py::test_telemetry\n"),
    ),
    Example(
        "thread_at_exit",
        tests=("test_monitor.py::test_monitor",),
        plain=(_aborts_at_exit("terminate called"),),
        told=("the thread monitor (test_monitor.monitor), started at",),
    ),
    Example(
        "grpc_server_left",
        tests=(
            "test_service.py::test_echo",
            "test_service.py::test_echo_again",
            "test_service.py::test_echo_of_nothing",
        ),
        plain=(_dies("test_service.py::test_echo_again", "SIGSEGV", "SIGABRT"),),
        told=(
            "PollerCompletionQueue._poll_wrapper), started at",
            "    test_service.py::test_echo, ",
        ),
    ),
    # -- collector
    Example(
        "finalizer_late",
        tests=("test_service.py::test_start", "test_service.py::test_innocent"),
        plain=(
            _fails(
                "test_service.py::test_innocent",
                shows=("RuntimeError: Event loop is closed", "function Server.__del__"),
                # The core still has the server, and some runs never get through their exit.
                ends=("no end", "SIGSEGV", "SIGABRT"),
            ),
        ),
        told=(
            "PollerCompletionQueue._poll_wrapper), started at",
            "    test_service.py::test_start\n",
        ),
    ),
    Example(
        "freed_twice",
        tests=("test_buffers.py::test_close", "test_buffers.py::test_innocent"),
        plain=(_dies("test_buffers.py::test_innocent", "SIGABRT"),),
        states={"test_buffers.py::test_close": "passed, error"},
        told=("ERROR test_buffers.py::test_close - crashed with SIGABRT in teardown",),
    ),
)
