"""THE model: what each program of this folder is to be diagnosed as, and what else its evidence allows.

A program has one test that crashes, or several; where one test is to blame and another dies, they
are `test_culprit` and `test_victim`. `tests/acceptance/test_diagnosis.py` runs all of them, at once.
"""

import sys
from typing import NamedTuple

#: {test: (rules that hold, the first of them is shown)}; none where nobody can know.
EXPECTED: dict[str, tuple[str, ...]] = {
    "test_plain_abort.py::test_guilty": (),
    "test_alarm.py::test_victim": ("alarm",),
    "test_alarm_own.py::test_guilty": ("alarm",),
    "test_bad_alloc.py::test_guilty": ("out_of_memory",),
    "test_broken_object.py::test_victim": ("broken_object",),
    "test_callback.py::test_guilty": (),
    "test_closed.py::test_guilty": ("closed_descriptor",),
    "test_cpu.py::test_victim": ("cpu_limit",),
    "test_freed_twice.py::test_guilty": ("heap_corruption",),
    "test_exec.py::test_guilty": ("exec", "exit"),
    "test_exit.py::test_guilty": ("exit",),
    "test_finalised.py::test_guilty": ("finalisation",),
    "test_forked.py::test_guilty": ("time_limit",),
    "test_killed.py::test_guilty": (),
    "test_liar.py::test_null": (),
    "test_liar.py::test_aborts": (),
    "test_liar.py::test_exits": ("exit",),
    "test_limit_left.py::test_victim": ("recursion_limit", "stack_overflow"),
    "test_null.py::test_guilty": (),
    "test_overrun.py::test_victim": ("heap_corruption",),
    "test_pipe.py::test_victim": ("broken_pipe",),
    "test_recursion.py::test_guilty": ("stack_overflow",),
    "test_slow.py::test_guilty": ("time_limit",),
    "test_stack.py::test_guilty": (),
    "test_unloaded.py::test_guilty": (),  # its native stack tells: acceptance/test_native.py
    "test_truncated.py::test_guilty": ("truncated_mapping",),
    "test_watchdog.py::test_victim": ("watchdog", "exit"),
}
if sys.version_info < (3, 12):  # from there on None is not counted
    EXPECTED["test_none_stolen.py::test_guilty"] = ("reference_count",)


class Case(NamedTuple):
    """A suite that needs real libraries, and what its crash is to be diagnosed as."""

    #: A folder of `examples/`, or a file of `libraries/`.
    place: str
    #: What takes its protection away.
    args: tuple[str, ...]
    #: The only test that crashes or hangs.
    test: str
    #: The first rules that hold; where freed memory decides, others may hold too.
    rules: tuple[str, ...]


_HANGS = ("-o", "isolate_profile=", "--isolate-timeout=15")

LIBRARIES: tuple[Case, ...] = (
    Case(
        "openmp_fork", _HANGS, "test_norms.py::test_norms_in_parallel",
        ("pool_after_fork", "time_limit"),
    ),
    Case(
        "tokenizers_fork", _HANGS, "test_encode.py::test_encode_in_parallel",
        ("pool_after_fork", "time_limit"),
    ),
    Case(
        "grpc_server_left", ("--isolate=session",), "test_service.py::test_echo_again",
        ("grpc_aio",),
    ),
    Case(
        "freed_twice", ("--isolate=session", "-o", "isolate_gc="),
        "test_buffers.py::test_innocent", ("heap_corruption", "broken_object"),
    ),
    Case(
        "test_torch_twice.py", ("--isolate=session", "test_torch_twice.py"),
        "test_torch_twice.py::test_victim", ("imported_twice",),
    ),
    Case(
        "test_two_openmp.py", ("--isolate=session", "test_two_openmp.py"),
        "test_two_openmp.py::test_guilty", ("two_openmp",),
    ),
)  # fmt: skip
