"""Who reads a variable, and when: after that, setting it does nothing.

Most variables are read when they are needed. Some only when the process starts, or when a library
is loaded; what was too late for one process is right for the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple


class Reader(NamedTuple):
    """Who reads a variable once and for all."""

    name: str
    #: It does so when the process starts.
    at_start: bool = False
    #: What threadpoolctl calls the native library that does so when it is loaded; empty for none.
    pool: str = ""
    #: The modules that do so when they are imported.
    modules: tuple[str, ...] = ()


_INTERPRETER = Reader("the interpreter", at_start=True)
_LOADER = Reader("the dynamic loader", at_start=True)
_ALLOCATOR = Reader("the allocator", at_start=True)
_SANITIZER = Reader("the sanitizer", at_start=True)
_OBJC = Reader("Objective-C's runtime", at_start=True)

#: {the beginning of a name: who reads such variables}; the longest that fits counts.
_READERS = {
    "PYTHON": _INTERPRETER,
    "LC_ALL": _INTERPRETER, "LC_CTYPE": _INTERPRETER, "LANG": _INTERPRETER,
    "LD_": _LOADER, "DYLD_": _LOADER,
    "MALLOC_": _ALLOCATOR, "GLIBC_TUNABLES": _ALLOCATOR,
    "ASAN_OPTIONS": _SANITIZER, "LSAN_OPTIONS": _SANITIZER, "UBSAN_OPTIONS": _SANITIZER,
    "TSAN_OPTIONS": _SANITIZER, "MSAN_OPTIONS": _SANITIZER,
    "OBJC_": _OBJC,
    "OMP_": Reader("OpenMP", pool="openmp"),
    "GOMP_": Reader("OpenMP", pool="openmp"),
    "KMP_": Reader("OpenMP", pool="openmp"),
    "OPENBLAS_": Reader("OpenBLAS", pool="openblas"),
    "BLIS_": Reader("BLIS", pool="blis"),
    # torch's is linked into it, where threadpoolctl does not see it.
    "MKL_": Reader("MKL", pool="mkl", modules=("torch",)),
    "NUMEXPR_": Reader("numexpr", modules=("numexpr",)),
    "RAYON_": Reader("Rust's rayon", modules=("tokenizers",)),
    "POLARS_": Reader("polars", modules=("polars",)),
    "HF_": Reader("huggingface_hub", modules=("huggingface_hub",)),
    "TRANSFORMERS_OFFLINE": Reader("huggingface_hub", modules=("huggingface_hub",)),
    "DO_NOT_TRACK": Reader("huggingface_hub", modules=("huggingface_hub",)),
    "HF_DATASETS_": Reader("datasets", modules=("datasets",)),
    "JAX_": Reader("jax", modules=("jax",)),
    "XLA_": Reader("jax", modules=("jax",)),
    "PYTORCH_": Reader("torch", modules=("torch",)),
    "TF_": Reader("tensorflow", modules=("tensorflow",)),
}  # fmt: skip

#: What begins like those and is read when it is needed. PYTHONPATH is no matter of ours: a process
#: that we start has the path of the one that the user started.
_READ_LATER = {
    "PYTHONPATH", "PYTHONBREAKPOINT", "PYTHONASYNCIODEBUG", "PYTHONSTARTUP", "LANGUAGE",
    "PYTORCH_NVML_BASED_CUDA_CHECK",
}  # fmt: skip


def reader_of(variable: str) -> Reader | None:
    """Return who reads a variable once, None for one that is read whenever it is needed."""
    if variable in _READ_LATER:
        return None
    fitting = [beginning for beginning in _READERS if variable.startswith(beginning)]
    return _READERS[max(fitting, key=len)] if fitting else None


class Late(NamedTuple):
    """A variable that was changed after its reader had read it."""

    variable: str
    reader: Reader
    #: The module that is the reader, or had loaded it; empty when it cannot be told.
    module: str = ""
    #: Where that module was imported, as `file:line`; empty when it cannot be told.
    place: str = ""

    @property
    def why(self) -> str:
        """In words: since when it has been too late."""
        if self.reader.at_start:
            return f"{self.variable} is read by {self.reader.name} when the process starts"
        name, where = self.reader.name, f" at {self.place}" if self.place else ""
        if self.module == name:
            return f"{self.variable} is read when {name} is imported, as it had been{where}"
        who = self.module or "somebody"
        imported = f", imported{where}," if where else ""
        return f"{self.variable} is read when {name} is loaded, which {who}{imported} had done"


def too_late(
    changed: Collection[str], modules: Collection[str], pools: Mapping[str, str]
) -> Iterator[Late]:
    """Yield the variables that were changed too late for this process.

    Args:
        changed: names of variables whose value was changed.
        modules: what had been imported.
        pools: {native library, as threadpoolctl names it: the module that brought it}.
    """
    for variable in changed:
        reader = reader_of(variable)
        if reader is None:
            continue
        module = next((name for name in reader.modules if name in modules), "")
        if reader.at_start or module or reader.pool in pools:
            yield Late(variable, reader, module or pools.get(reader.pool, ""))


def needs_pools(changed: Collection[str]) -> bool:
    """Whether it must be known which native libraries are loaded."""
    readers = map(reader_of, changed)
    return any(reader is not None and reader.pool for reader in readers)
