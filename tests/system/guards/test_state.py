"""Each guard on real state: it says nothing of what is as it was, names what is not, puts it back."""

from __future__ import annotations

import _locale
import asyncio
import decimal
import faulthandler
import gc
import importlib
import logging
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import types
import unittest.mock
import warnings

import pytest
from trial import Trial

from pytest_bulkhead.guards import (
    arrays,
    concurrency,
    files,
    interpreter,
    logs,
    modules,
    registry,
    signals,
    streams,
    surroundings,
)


def deny(*_args):
    """Stand in for any hook."""


def leave_signals():
    signal.signal(signal.SIGUSR2, deny)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    signal.alarm(1000)


def leave_logging():
    logging.root.addHandler(logging.NullHandler())
    logging.root.addFilter(deny)
    logging.root.setLevel(1)
    logging.disable(logging.INFO)


def leave_loggers():
    one = logging.getLogger("tests.guards")
    one.setLevel(logging.ERROR)
    one.disabled = True


def leave_imports():
    sys.path.insert(0, "/nowhere")
    sys.meta_path = [*sys.meta_path, deny]


def leave_hooks():
    sys.excepthook = threading.excepthook = deny
    sys.setswitchinterval(0.01)


def leave_collector():
    gc.disable()
    gc.set_threshold(5000, 7, 7)


def leave_decimal():
    decimal.getcontext().prec = 5
    decimal.getcontext().traps[decimal.Inexact] = True


def leave_stdio():
    sys.stdout = sys.__stdin__


def leave_warnings():
    warnings.simplefilter("ignore")
    warnings.showwarning = deny


def leave_faulthandler():
    faulthandler.dump_traceback_later(1000)


def leave_environ():
    os.environ["GUARD_A"] = "secret"
    os.environ["HOME"] = "/secret"
    os.environ.pop("PATH", None)
    os.environ["PYTEST_CURRENT_TEST"] = "another phase"


def leave_timezone():
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()


def leave_loop():
    asyncio.set_event_loop(asyncio.new_event_loop())


def leave_folder():
    os.chdir("/")


def leave_random():
    random.seed(3)


def leave_limits():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))


CASES = {
    surroundings.Folder: (leave_folder, ["the current folder is /, it was .+"]),
    surroundings.Environ: (
        leave_environ,
        ["GUARD_A was added", "HOME was changed", "PATH was removed"],
    ),
    surroundings.TimeZone: (leave_timezone, ["the time zone: 'JST/JST', was .+"]),
    surroundings.FileMask: (lambda: os.umask(0o007), ["the mask is 0o007, it was 0o0.2"]),
    surroundings.Arguments: (lambda: sys.argv.append("--x"), ["sys.argv: added '--x'"]),
    surroundings.Locale: (
        lambda: _locale.setlocale(_locale.LC_ALL, "C.UTF-8" if _is_c() else "C"),
        ["the locale: '.+, was '.+"],
    ),
    surroundings.Limits: (leave_limits, [r"RLIMIT_NOFILE: \(\d+, \d+\), was \(\d+, \d+\)"]),
    interpreter.ImportPath: (
        leave_imports,
        ["sys.path: added '/nowhere'", "sys.meta_path: added <function deny>"],
    ),
    interpreter.Hooks: (
        leave_hooks,
        [
            "sys.excepthook: <function deny>, was .+",
            "sys.setswitchinterval: 0.01, was 0.005",
            "threading.excepthook: <function deny>, was .+",
        ],
    ),
    interpreter.Streams: (leave_stdio, ["sys.stdout is <.+stdin.+>"]),
    interpreter.Collector: (
        leave_collector,
        ["enabled: False, was True", r"thresholds: \(5000, 7, 7\), was .+"],
    ),
    interpreter.RecursionLimit: (
        lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 1),
        [r"the recursion limit: \d+, was \d+"],
    ),
    interpreter.Warnings: (
        leave_warnings,
        ["warnings.filters: added .*ignore.+", "warnings.showwarning is <function deny>"],
    ),
    interpreter.Faults: (leave_faulthandler, ["the watchdog of faulthandler .+ is armed"]),
    interpreter.Decimals: (leave_decimal, ["prec: 5, was 28", "traps: .+Inexact.+, was .+"]),
    signals.Signals: (
        leave_signals,
        [
            "the handler of SIGUSR2 is <function deny>",
            "SIGUSR1 is blocked",
            r"the real timer is armed \(signal.alarm or setitimer\)",
        ],
    ),
    logs.RootLogger: (
        leave_logging,
        [
            r"handlers of the root logger: added <NullHandler \(NOTSET\)>",
            "filters of the root logger: added <function deny>",
            "logging.disable: 'INFO', was 'NOTSET'",
            "the level of the root logger: 'Level 1', was .+",
        ],
    ),
    logs.Loggers: (
        leave_loggers,
        [
            "the level of the logger tests.guards: 40, was 0",
            "the disabling of the logger tests.guards: True, was False",
        ],
    ),
    concurrency.EventLoops: (leave_loop, ["an event loop is set and was not closed: .+"]),
    streams.RandomStreams: (leave_random, ["the global stream of random was seeded"]),
}


def _is_c():
    return _locale.setlocale(_locale.LC_ALL, None) == "C"


@pytest.fixture(autouse=True)
def _unharmed(monkeypatch, tmp_path):
    """Have whatever a guard fails to put back put back all the same."""
    for variable in ("HOME", "PATH", "TZ"):
        monkeypatch.setenv(variable, os.environ.get(variable, "UTC"))
    for name in ("dump_traceback_later", "cancel_dump_traceback_later"):
        monkeypatch.setattr(faulthandler, name, getattr(faulthandler, name))
    monkeypatch.chdir(tmp_path)
    logging.getLogger("tests.guards")
    asyncio.get_event_loop_policy()
    decimal.getcontext()


@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)
def test_what_is_left_is_named_and_put_back(kind):
    """Each thing that was left is described, no other is, and nothing of it is left afterwards."""
    leave, texts = CASES[kind]
    resource = kind()
    resource.attend()
    one = Trial(resource)
    leave()
    try:
        said = one.end()
    finally:
        stuck = one.restore()

    assert [True] * len(texts) == [
        bool(re.fullmatch(*pair)) for pair in zip(texts, said, strict=False)
    ], said
    assert len(texts) == len(said)
    assert stuck == []
    assert "secret" not in str(said)


@pytest.mark.parametrize("kind", registry.ALL, ids=lambda kind: kind.__name__)
def test_nothing_is_nothing(kind):
    """Two looks at what nobody has touched are the same, also for a resource that is not in use."""
    assert Trial(kind()).end() == []


@pytest.mark.parametrize("draws", [1, 5000, 50_000])
@pytest.mark.parametrize("before", [0, 1, 300])
def test_drawing_from_a_stream_is_no_finding(before, draws):
    """Much or little, from wherever in a block of the generator."""
    state = random.getstate()
    random.seed(5)
    for _ in range(before):
        random.random()
    one = Trial(streams.RandomStreams())
    for _ in range(draws):
        random.random()

    assert one.end() == []
    random.setstate(state)


def test_a_deleted_folder(tmp_path):
    """The current folder may be gone; a guard says so and goes back to the one before."""
    one = Trial(surroundings.Folder())
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()

    assert one.end() == [f"the current folder was deleted, it was {tmp_path}"]
    assert one.restore() == []


def test_descriptors(tmp_path):
    """An open file, pipe or socket is named for what it is; it is never closed."""
    one = Trial(files.Descriptors())
    with (tmp_path / "file").open("w"), socket.create_server(("127.0.0.1", 0)) as server:
        reading, writing = os.pipe()
        said, port = one.end(), server.getsockname()[1]
        assert len(one.restore()) == 4
        os.close(reading)
        os.close(writing)

    assert re.fullmatch(
        rf"{tmp_path}/file is open\|the socket 127.0.0.1:{port} is open(\|a pipe is open){{2}}",
        "|".join(said),
    )


def test_a_descriptor_at_the_number_of_the_listing():
    """What takes the lowest free number, which the listing itself had, is seen."""
    one = Trial(files.Descriptors())
    fd = os.open(os.devnull, os.O_RDONLY)

    assert one.end() == ["/dev/null is open"]
    os.close(fd)


def test_temporary_files(monkeypatch):
    """What `tempfile` made is named with the line that made it, until it is gone, and removed."""
    for name in ("mkdtemp", "_mkstemp_inner"):
        monkeypatch.setattr(tempfile, name, getattr(tempfile, name))
    guard = files.TemporaryFiles()
    guard.attend()
    before = guard.snapshot()
    folder = tempfile.mkdtemp()
    with tempfile.NamedTemporaryFile(), tempfile.TemporaryDirectory():
        pass
    fd, path = tempfile.mkstemp()
    os.close(fd)

    said = list(guard.differences(before, guard.snapshot()))
    guard.restore(before)

    assert [re.sub(rf", made at {__file__}:\d+, ", " ", text) for text in said] == [
        f"{folder} is still there",
        f"{path} is still there",
    ]
    assert guard.snapshot() == before
    assert not os.path.exists(folder)


def test_children_of_multiprocessing():
    """A child that is alive is named and ended; the first choice of a start method is no finding."""
    one = Trial(concurrency.StartMethod())
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,), name="kid")
    child.start()

    assert one.end() == [f"the child process kid (pid {child.pid}) is alive"]
    assert one.restore() == []
    assert child.exitcode == -signal.SIGTERM


def test_numpy():
    """How numpy calculates and prints is put back, if it is loaded."""
    numpy = pytest.importorskip("numpy")
    one = Trial(arrays.Numpy())
    numpy.seterr(all="raise")
    numpy.set_printoptions(precision=3)

    assert len(one.end()) == 5
    assert one.restore() == []
    assert numpy.get_printoptions()["precision"] == 8


def test_seeds_of_numpy():
    """Seeding numpy's global stream is a finding, drawing from it is not; it goes on as it was."""
    numpy = pytest.importorskip("numpy")
    numpy.random.seed(1)
    expected = numpy.random.RandomState(1).random(3)
    one = Trial(streams.RandomStreams())
    numpy.random.random(1000)
    assert one.end() == []
    numpy.random.seed(1)
    one = Trial(streams.RandomStreams())
    numpy.random.seed(2)

    assert one.end() == ["the global stream of numpy was seeded"]
    assert one.restore() == []
    assert list(numpy.random.random(3)) == list(expected)


def test_torch():
    """Torch's defaults and modes are put back, if it is loaded."""
    torch = pytest.importorskip("torch")
    one = Trial(arrays.Torch())
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)

    assert len(one.end()) == 3
    assert one.restore() == []
    assert torch.get_default_dtype() is torch.float32


@pytest.fixture
def heavy(native_extension, tmp_path, monkeypatch):
    """A package with native code: an extension of Python's under another name, and a pure part."""
    folder = tmp_path / "guards_heavy"
    folder.mkdir()
    (folder / "__init__.py").write_text("import guards_heavy.pure, guards_heavy._json")
    (folder / "pure.py").write_text("")
    shutil.copy(native_extension, folder)
    monkeypatch.syspath_prepend(str(tmp_path))
    modules.Modules().attend()
    before = dict(sys.modules)
    yield "guards_heavy"
    for name in [name for name in sys.modules if name.startswith("guards_heavy")]:
        del sys.modules[name]
    assert before.items() <= sys.modules.items()


NATIVE = f": {modules.NATIVE}"


def test_a_first_import_that_was_undone(heavy):
    """What the test itself imported and evicted comes back with all its parts, as they were."""
    one = Trial(modules.Modules())
    with unittest.mock.patch.dict(sys.modules):
        package = importlib.import_module(heavy)

    assert one.end() == [f"guards_heavy was taken out of sys.modules{NATIVE}"]
    assert one.restore() == []
    assert importlib.import_module(heavy) is package
    assert importlib.import_module(f"{heavy}.pure") is package.pure


def test_a_part_that_was_imported_again(heavy):
    """A part that is another one now is named, and put back in its package too."""
    package = importlib.import_module(heavy)
    pure = package.pure
    one = Trial(modules.Modules())
    del sys.modules[f"{heavy}.pure"]
    again = importlib.import_module(f"{heavy}.pure")

    assert again is package.pure is not pure
    assert one.end() == [f"parts of {heavy} ({heavy}.pure) were replaced in sys.modules{NATIVE}"]
    assert one.restore() == []
    assert importlib.import_module(f"{heavy}.pure") is package.pure is pure


def test_a_stub_that_was_left(heavy):
    """What was not imported before is no harm to anybody, but a stub in its place is."""
    one = Trial(modules.Modules())
    sys.modules[heavy] = types.ModuleType(heavy)
    sys.modules["guards_absent"] = types.ModuleType("guards_absent")

    [said] = one.end()
    assert said.startswith(f"{heavy} was replaced in sys.modules")
    assert one.restore() == []
    assert heavy not in sys.modules
    del sys.modules["guards_absent"]


def test_imports_and_a_stub_that_was_undone(heavy):
    """To import is no finding, nor is what was put back."""
    importlib.import_module(heavy)
    one = Trial(modules.Modules())
    with unittest.mock.patch.dict(sys.modules, {heavy: object()}):
        import this  # noqa: F401

    assert one.end() == []
