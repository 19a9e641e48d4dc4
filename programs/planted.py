"""THE model of `programs/order/`: who must be found guilty of what breaks a later test.

Each file is a suite whose last test, the victim, passes alone and breaks after some of the tests
before it, among innocent ones. `tests/acceptance/test_bisect.py` has `bulkhead bisect` search each.
"""

from __future__ import annotations

from typing import NamedTuple


class Planted(NamedTuple):
    """A suite, and what was planted in it."""

    name: str
    #: How its victim ends.
    state: str
    #: The tests that it needs for that, in order: these, and no fewer.
    culprits: tuple[str, ...]
    victim: str = "test_victim"

    @property
    def file(self) -> str:
        """Its file, below `programs/order/`."""
        return f"test_{self.name}.py"


PLANTED = (
    Planted("class_patched", "failed", ("test_patches_the_class",), "TestCart::test_victim"),
    Planted("cleaned_between", "failed", ("test_pollutes_again",)),
    Planted("descriptor_closed", "failed", ("test_closes_what_is_not_its_own",)),
    Planted("environ_left", "failed", ("test_leaves_it_again",)),
    Planted("folder_gone", "failed", ("test_deletes_its_folder",)),
    Planted("heap_overrun", "crashed", ("test_overruns_a_buffer",)),
    Planted("in_order", "failed", ("test_opens", "test_pauses", "test_resumes")),
    Planted("lock_held", "timed out", ("test_keeps_the_lock",)),
    Planted("loop_closed", "failed", ("test_closes_the_loop",)),
    Planted("module_twice", "failed", ("test_imports_it_again",)),
    Planted("owner_gone", "crashed", ("test_registers_a_buffer",)),
    Planted("pair_needed", "crashed", ("test_registers", "test_turns_on")),
    Planted("pipe_signal", "crashed", ("test_restores_the_default",)),
    Planted("recursion_limit", "failed", ("test_lowers_the_limit",)),
    Planted("stub_left", "failed", ("test_leaves_a_stub",)),
    Planted("thread_stack", "crashed", ("test_shrinks_stacks",)),
    Planted("timer_armed", "crashed", ("test_arms_a_timer",)),
)
