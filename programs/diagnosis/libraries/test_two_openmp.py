"""Two packages bring OpenMP with them: the runtime of Intel, here, and a copy of it."""

import ctypes
import importlib.metadata
import shutil


def test_guilty(tmp_path):
    files = importlib.metadata.files("intel-openmp") or ()
    library = next(file.locate() for file in files if file.name == "libiomp5.so")
    copy = shutil.copy(library, tmp_path)
    for path in (library, copy):
        ctypes.CDLL(str(path)).omp_get_max_threads()
