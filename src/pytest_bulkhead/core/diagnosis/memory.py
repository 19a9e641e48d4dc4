"""Memory: there is none left, it was overwritten, or it is not there any more."""

from __future__ import annotations

import re

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.diagnosis.rule import Grounds, Rule, certain, likely, possible, said
from pytest_bulkhead.core.diagnosis.stacks import crashed_stack

_ILL, _TRAP, _ABORT, _BUS, _SEGV = 4, 5, 6, 7, 11

# Each is only taken for a last word with what follows it, or nothing: a test may print anything.

#: libstdc++ and libc++, of an exception that nobody catches.
_BAD_ALLOC = re.compile(
    r"^(?:terminate called after throwing an instance of 'std::bad_alloc'"
    r"|libc\+\+abi: terminating [^\n]*std::bad_alloc[^\n]*)(?:\n  what\(\): [^\n]*)?\s*\Z",
    re.M,
)
#: `malloc_printerr` of glibc, malloc/malloc.c.
_GLIBC = re.compile(
    r"^(?:double free or corruption|corrupted size vs\. prev_size|corrupted double-linked list"
    r"|free\(\): |malloc\(\): |realloc\(\): |calloc\(\): |munmap_chunk\(\): "
    r"|malloc_consolidate\(\): |malloc: top chunk is corrupt"
    r"|tcache_thread_shutdown\(\): )[^\n]*\s*\Z",
    re.M,
)
#: Of Python 3.10 and 3.11, in which None is counted, and of any with a broken count.
_REFCOUNT = re.compile(
    r"^Fatal Python error: (?:none_dealloc|bool_dealloc|long_dealloc|deallocating (?:None|True)"
    r"|_Py_NegativeRefcount|_PyObject_AssertFailed)[^\n]*\nPython runtime state: ",
    re.M,
)

#: Where no library is, and the function that called there: the last frames, as gdb's are shown.
_NOWHERE = re.compile(r"^by gdb[^\n]*\n  \?\? (0x(?!0*[0-9a-f]{1,3}\n)[0-9a-f]+)\n  (?!\?\?)(\S+)")


def _out_of_memory(evidence: Evidence) -> Grounds | None:
    if evidence.end.out_of_memory:
        return certain("its control group counts one more kill for memory")
    line = said(evidence, _BAD_ALLOC) if evidence.end.signal == _ABORT else ""
    return certain(f"C++ was refused memory and nobody caught it: {line}") if line else None


def _heap(evidence: Evidence) -> Grounds | None:
    line = said(evidence, _GLIBC) if evidence.end.signal == _ABORT else ""
    return certain(f"glibc found it and aborted: {line}") if line else None


def _references(evidence: Evidence) -> Grounds | None:
    line = said(evidence, _REFCOUNT) if evidence.end.signal == _ABORT else ""
    return certain(f"Python found it and aborted: {line}") if line else None


def _collected(evidence: Evidence) -> Grounds | None:
    stack = crashed_stack(evidence.stacks)
    if evidence.end.signal not in (_SEGV, _ABORT, _BUS) or not stack.collecting:
        return None
    return likely("the collector was at work, which looks at objects of all tests before")


def _truncated(evidence: Evidence) -> Grounds | None:
    if evidence.end.signal != _BUS:
        return None
    return likely("on x86 and ARM hardly anything else ends in SIGBUS")


def _called_nowhere(evidence: Evidence) -> Grounds | None:
    found = _NOWHERE.match(evidence.native)
    # What stands there by now may be any instruction, or none.
    strikes = evidence.end.signal in (_SEGV, _BUS, _ILL, _TRAP)
    if found is None or not strikes or evidence.killed_for:
        return None
    return possible(f"{found[2]} called {found[1]}, where no library's code is")


OUT_OF_MEMORY = Rule(
    "out_of_memory",
    "out of memory",
    'give it less to do, or say what it needs: @pytest.mark.requires(ram="16GB")',
    ("SIGKILL (out of memory)", "terminate called after throwing an instance of 'std::bad_alloc'"),
    "`oom_kill` of `memory.events` has grown, or libstdc++'s words and SIGABRT: certain. "
    "SIGKILL alone proves nothing.",
    "https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files",
    _out_of_memory,
)
HEAP = Rule(
    "heap_corruption",
    "C code has overwritten or freed memory that was not its own, here or in a test before",
    "run it with the tests before it under valgrind, or with MALLOC_PERTURB_=165 and "
    "GLIBC_TUNABLES=glibc.malloc.check=3",
    (
        "corrupted size vs. prev_size",
        "double free or corruption (!prev)",
        "free(): double free detected in tcache 2",
        "free(): invalid pointer",
        "malloc(): invalid size (unsorted)",
        "munmap_chunk(): invalid pointer",
    ),
    "words of glibc on stderr, and SIGABRT: certain. Who did it is not in them.",
    "https://www.gnu.org/software/libc/manual/html_node/Heap-Consistency-Checking.html",
    _heap,
)
REFERENCES = Rule(
    "reference_count",
    "C code has given away references that it did not have, here or in a test before",
    "look in C code for a Py_DECREF too many, or a None returned without Py_RETURN_NONE",
    (
        "Fatal Python error: none_dealloc: deallocating None",
        "bug likely caused by a refcount error in a C extension",
    ),
    "words of Python on stderr, and SIGABRT: certain. From Python 3.12 on None is not counted.",
    "https://github.com/python/cpython/issues/93762",
    _references,
)
COLLECTED = Rule(
    "broken_object",
    "the collector has met an object that C code had broken, here or in a test before",
    "isolate_gc = defer-teardown collects after each module, so that the culprit crashes itself",
    ("Fatal Python error: Segmentation fault, and in the stack: Garbage-collecting",),
    "faulthandler writes `Garbage-collecting` on top of the thread that crashed: likely.",
    "https://docs.python.org/3/library/faulthandler.html",
    _collected,
)
TRUNCATED = Rule(
    "truncated_mapping",
    "a file that is mapped into memory was truncated, or its disk or /dev/shm is full",
    "write a new file and rename it, do not shorten one that is mapped; look at df /dev/shm",
    ("Fatal Python error: Bus error", "Unexpected bus error encountered in worker"),
    "SIGBUS: likely. Whether the file is shorter than its mapping can't be seen any more.",
    "https://man7.org/linux/man-pages/man2/mmap.2.html",
    _truncated,
)
CALLED_NOWHERE = Rule(
    "dead_callback",
    "C code has called back a function that is not there any more",
    "keep a reference to each ctypes or cffi callback for as long as C code may call it; "
    "do not unload a library whose functions others have",
    ("Fatal Python error: Segmentation fault, and on top of the native stack: ??",),
    "The native stack, by gdb: its last frame is in no library, nor at a null pointer, and a "
    "function called it: possible. Code that is made at run time (numba) is in none either.",
    "https://docs.python.org/3/library/ctypes.html#callback-functions",
    _called_nowhere,
)
