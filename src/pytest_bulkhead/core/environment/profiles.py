"""The built-in profiles: what each sets before anything is imported, and the reason for every line.

Values only; `environment` in this folder merges them, the layer of that name puts them in force.
A reason says what the line does, where that was read or measured, and is printed in
docs/profiles.md. What is often quoted and is not true is in `DOUBTFUL`.
"""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """A variable, and why it has that value."""

    name: str
    #: None for unset.
    value: str | None
    why: str


class Act(NamedTuple):
    """What no variable does: it is done when its module has been imported."""

    name: str
    #: Empty for at once, if a library that it concerns is loaded by then.
    module: str
    #: What is done, as people read it.
    what: str
    why: str


class Profile(NamedTuple):
    """A named environment."""

    about: str
    lines: tuple[Line, ...] = ()
    acts: tuple[Act, ...] = ()
    #: What `isolate_start` and `isolate_mp_start` are unless the user says; empty for their own.
    start: str = ""
    mp_start: str = ""
    #: The mark whose tests are deselected; empty for none.
    deselected: str = ""


LIMIT_POOLS = Act(
    "limit-pools", "", "`threadpoolctl` limits the pools of libraries that are loaded already",
    "OpenMP, OpenBLAS and MKL read their variables when they are loaded: a plugin that imported "
    "numpy before was quicker than any conftest.",
)  # fmt: skip

LIMIT_TORCH = Act(
    "limit-torch", "torch", "`torch.set_num_threads(1)`, `torch.set_num_interop_threads(1)`",
    "The pool between operators has no variable (torch 2.13 with OMP_NUM_THREADS=1 says 1 and 2). "
    "torch lets it be set once; asking for 1 again, as many a conftest does, is then no error.",
)  # fmt: skip

HIDE_MPS = Act(
    "hide-mps", "torch", "`torch.backends.mps.is_available()` says False",
    "No variable of PyTorch hides MPS. sentence-transformers, transformers and accelerate choose "
    "their device by this function. `torch.set_default_device(\"cpu\")` is not called: cpu is the "
    "default, and that call makes each torch operation slower (measured: 2.0 to 3.3 us).",
)  # fmt: skip

SILENCE_POSTHOG = Act(
    "silence-posthog", "posthog.client", "clients of `posthog` are made disabled, sending nothing",
    "posthog reads no variable (7.91), and a client that a product makes for itself does not look "
    "at `posthog.disabled`. Disabled ones start threads too: a consumer, and in forked children a "
    "poller of flags.",
)  # fmt: skip

_ONE_FOR_OPENMP = (
    "libgomp, libomp and libiomp5 (torch, scikit-learn, faiss, lightgbm) read it when they are "
    "loaded. A pool of one thread is no thread: the process can be forked."
)

PROFILES: dict[str, Profile] = {
    "single-thread": Profile(
        "One thread in every native pool: no oversubscription, and the template can be forked.",
        (
            Line("OMP_NUM_THREADS", "1", _ONE_FOR_OPENMP),
            Line("MKL_NUM_THREADS", "1", "MKL goes by its own name first; read when it is loaded."),
            Line(
                "OPENBLAS_NUM_THREADS", "1",
                "OpenBLAS, in numpy and scipy, has threads of its own; read when it is loaded.",
            ),
            Line("NUMEXPR_NUM_THREADS", "1", "numexpr (pandas) reads it when imported (2.14)."),
            Line(
                "VECLIB_MAXIMUM_THREADS", "1",
                "Accelerate, the BLAS of some builds of numpy for macOS; nothing limits it once it "
                "is loaded.",
            ),
            Line(
                "RAYON_NUM_THREADS", "1",
                "tokenizers and other Rust libraries; read when their pool is first used, and that "
                "pool does not survive a fork.",
            ),
            Line(
                "TOKENIZERS_PARALLELISM", "false",
                "Read at each use. Without it tokenizers warns in forked children; with `true` its "
                "own guard is off, and they hang (measured).",
            ),
        ),
        (LIMIT_POOLS, LIMIT_TORCH),
    ),
    "cpu": Profile(
        "No accelerator, whatever the machine has.",
        (
            Line(
                "CUDA_VISIBLE_DEVICES", "",
                "CUDA, and HIP as well, show no device; read at the first call (cuInit).",
            ),
            Line(
                "JAX_PLATFORMS", "cpu",
                "jax reads it when it is imported; JAX_PLATFORM_NAME is its deprecated name.",
            ),
            Line(
                "PYTORCH_ENABLE_MPS_FALLBACK", "1",
                "What asks for MPS all the same gets operators that MPS lacks from the CPU.",
            ),
        ),
        (HIDE_MPS,),
    ),
    "gpu": Profile(
        "Devices that are counted alike by everybody, and that tests can share.",
        (
            Line(
                "PYTORCH_ALLOC_CONF", "expandable_segments:True",
                "A block that fits in no gap is made of several, where the allocator else says out "
                "of memory; read at its first use.",
            ),
            Line(
                "PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True",
                "Its older name. torch 2.15 reads both, and parts of it not in the same order.",
            ),
            Line(
                "CUDA_DEVICE_ORDER", "PCI_BUS_ID",
                "CUDA counts the fastest device first, nvidia-smi and NVML by bus; read at cuInit.",
            ),
            Line(
                "PYTORCH_NVML_BASED_CUDA_CHECK", "1",
                "`torch.cuda.is_available()` asks NVML then. Without it the call runs cuInit, and "
                "no forked child can use CUDA. Read at each call; not heeded on a MIG device.",
            ),
            Line(
                "XLA_PYTHON_CLIENT_PREALLOCATE", "false",
                "jax takes three quarters of a device's memory at its first use otherwise.",
            ),
        ),
    ),
    "offline": Profile(
        "No download and no telemetry: what is not in a cache is an error at once.",
        (
            Line(
                "HF_HUB_OFFLINE", "1",
                "huggingface_hub, and so transformers and datasets; a constant of its import, "
                "which `monkeypatch.setenv` does not reach (2.4).",
            ),
            Line("TRANSFORMERS_OFFLINE", "1", "The older name, which older versions read instead."),
            Line("HF_DATASETS_OFFLINE", "1", "datasets prefers it to the above (5.2)."),
            Line("HF_HUB_DISABLE_TELEMETRY", "1", "huggingface_hub; a constant of its import."),
            Line("DO_NOT_TRACK", "1", "The common name (donottrack.sh); huggingface_hub reads it."),
            Line("ANONYMIZED_TELEMETRY", "False", "chromadb's settings (1.5)."),
            Line("WANDB_MODE", "offline", "wandb keeps runs in a folder; read at `wandb.init`."),
        ),
        (SILENCE_POSTHOG,),
    ),
    "macos": Profile(
        "Nothing is forked: Objective-C, XPC and Metal do not live through a fork.",
        (
            Line(
                "PYTORCH_ENABLE_MPS_FALLBACK", "1",
                "Operators that MPS lacks are computed on the CPU; read when torch is imported.",
            ),
        ),
        start="spawn",
        mp_start="spawn",
    ),
    "ci": Profile(
        "Tests whose result is a matter of judgement do not decide over a build.",
        deselected="qualitative",
    ),
}  # fmt: skip

#: {variable: why it should not be set}
DOUBTFUL = {
    "PYTORCH_MPS_FORCE_CPU": "PyTorch has no such variable; the profile cpu hides MPS",
    "PYTORCH_MPS_DISABLE": "PyTorch has no such variable; the profile cpu hides MPS",
    "KMP_DUPLICATE_LIB_OK": "with two OpenMP runtimes in a process it turns an abort that says so "
    "into a crash, or into wrong results that nobody notices",
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "it hides the message, not the crash",
}
