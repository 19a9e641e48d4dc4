"""One model is loaded in the place of another, by libraries that never hear of us: `isolate_models`.

These have stand-ins for libraries, for it is the run that is tried: what is bad input, what each process
does, what is told. The real libraries are in `tests/examples/test_substitution.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import shown

LIBRARY = {
    "huggingface_hub/__init__.py": "from .file_download import hf_hub_download\n",
    "huggingface_hub/file_download.py": (
        "def hf_hub_download(repo_id, filename, *, subfolder=None, revision=None):\n"
        "    return f'{repo_id}@{revision}/{filename}'\n"
    ),
}
SUITE = """
import pytest
from huggingface_hub import hf_hub_download

AT_IMPORT = hf_hub_download("org/large", "x", revision="v1")

def test_at_import(): assert AT_IMPORT == "org/small@None/x"

@pytest.mark.parametrize("n", range(4))
def test_small(n): assert hf_hub_download("org/large", "x") == "org/small@None/x"

def test_pattern(): assert hf_hub_download(repo_id="wide/any", filename="x") == "org/small@None/x"

def test_no_chain(): assert hf_hub_download("org/small", "x", revision="v1") == "org/small@v1/x"

@pytest.mark.real_model
def test_real(): assert hf_hub_download("org/large", "x", revision="v1") == "org/large@v1/x"

def test_after(): assert hf_hub_download("org/large", "x") == "org/small@None/x"
"""
INI = """
[pytest]
isolate_models =
    org/large -> org/small
    org/small -> org/none
    wide/* -> org/small
"""


@pytest.mark.parametrize(
    "options",
    [
        (), ("-n2",), ("--isolate=session",), ("--isolate=function", "-n2"),
        ("--isolate=session", "--isolate-start=spawn"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_in_every_kind_of_run(options, run, files):
    """At import and in tests; nothing is left, and a rule that was of no use is a warning, once."""
    files({**LIBRARY, "test_s.py": SUITE, "pytest.ini": INI})
    finished = run(*options, "-v", TMPDIR=str(run.path.parent))

    assert finished.tests == {"passed": 9}, shown(finished)
    assert finished.counts["warnings"] == 1, shown(finished)
    assert (
        "org/small -> org/none: it stands in for another, and a stand-in is never replaced"
        in finished.out
    )
    told = finished.section("models that stood in for others")
    assert "org/large -> org/small in test_s.py::test_after" in told
    assert "wide/any -> org/small in test_s.py::test_pattern" in told
    assert not list(run.path.parent.glob("*.notes"))


def test_the_variable_comes_before_the_ini_key(run, files):
    """For the same model, and beside it for others."""
    text = (
        "from huggingface_hub import hf_hub_download as get\n"
        "def test_a(): assert [get('org/large', 'x')[:4], get('b', 'x')[:2]] == ['mine', 'c@']\n"
    )
    files(
        {
            **LIBRARY,
            "test_s.py": text,
            "pytest.ini": "[pytest]\nisolate_models = org/large -> org/small\n",
        }
    )
    finished = run(BULKHEAD_MODELS="Org/Large -> mine\nb -> c;\n")
    assert finished.counts == {"passed": 1}, shown(finished)


def test_a_test_that_clears_its_environment(run, files):
    """What it loads is known of all the same, and no file is left."""
    text = (
        "import os\nfrom huggingface_hub import hf_hub_download as get\n"
        "def test_a(monkeypatch):\n"
        "    for name in list(os.environ): monkeypatch.delenv(name)\n"
        "    assert get('org/large', 'x') == 'org/small@None/x'\n"
    )
    ini = "[pytest]\nisolate_models = org/large -> org/small\n"
    files({**LIBRARY, "test_s.py": text, "pytest.ini": ini})
    for options in ((), ("--isolate=session",)):
        finished = run(*options, TMPDIR=str(run.path.parent))
        assert finished.counts == {"passed": 1}, shown(finished)
        assert not list(run.path.parent.glob("*.notes"))


def test_a_real_test_is_warned_of_the_fixture_that_it_has(run, files):
    """Set up for another test, itself or below another; not where it is overridden."""
    conftest = (
        "import pytest\nfrom huggingface_hub import hf_hub_download as get\n"
        "@pytest.fixture(scope='session')\ndef model(): return get('org/large', 'x')\n"
        "@pytest.fixture\ndef search(model): return [model]\n"
    )
    files({
        **LIBRARY, "pytest.ini": "[pytest]\nisolate_models = org/large -> org/small\n", "conftest.py": conftest,
        "test_s.py": "import pytest\ndef test_a(model): pass\n@pytest.mark.real_model\ndef test_b(search): pass\n",
        "z/conftest.py": "import pytest\n@pytest.fixture\ndef model(): return 'mine'\n",
        "z/test_z.py": "import pytest\n@pytest.mark.real_model\ndef test_c(search): assert search == ['mine']\n",
    })  # fmt: skip
    for options in ((), ("--isolate=session",), ("--isolate=function",)):
        finished = run(*options)
        assert finished.counts == {"passed": 3, "warnings": 1}, shown(finished)
        assert "test_s.py::test_b is marked real_model, but its fixture 'model'" in finished.out


def test_a_run_that_a_test_starts(run, files):
    """It is a run of its own: it tells what was loaded in it and what was not, and the outer one does not."""
    inner = "from huggingface_hub import hf_hub_download as get\ndef test(): get('wide/any', 'x')\n"
    outer = (
        "import subprocess, sys\n"
        "def test_a():\n"
        "    out = subprocess.run([sys.executable, '-m', 'pytest', '-v', '-p', 'no:cacheprovider', 'inner.py'],\n"
        "        capture_output=True, text=True).stdout\n"
        "    assert 'wide/any -> org/small in inner.py::test' in out\n"
        "    assert 'org/large -> org/small: no model of that name' in out\n"
    )
    files({**LIBRARY, "inner.py": inner, "test_s.py": outer, "pytest.ini": INI})
    for options in ((), ("-n1",), ("--isolate=session",), ("--isolate=function",)):
        finished = run(*options, "-v")
        assert finished.tests == {"passed": 1}, shown(finished)
        assert "models that stood in" not in finished.out, shown(finished)


def test_nothing_is_left_of_it(run, files):
    """Once a run is over, whoever ran it in its own process has the libraries as they were."""
    text = (
        "import os, sys, pytest\n"
        "before = dict(os.environ)\n"
        "assert pytest.main(['-q', 'test_s.py']) == 0\n"
        "import huggingface_hub\n"
        "assert huggingface_hub.hf_hub_download('org/large', 'x') == 'org/large@None/x'\n"
        "assert huggingface_hub.file_download.hf_hub_download is huggingface_hub.hf_hub_download\n"
        "assert not hasattr(huggingface_hub.hf_hub_download, '__wrapped__')\n"
        "assert dict(os.environ) == before\n"
        "def test_inner(): pass\n"
    )
    files({**LIBRARY, "test_s.py": SUITE, "test_outer.py": text, "pytest.ini": INI})
    done = subprocess.run(
        [sys.executable, "test_outer.py"], cwd=run.path, timeout=60, capture_output=True, text=True,
        check=False, env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_library_that_has_changed(run, files):
    """It can be imported, and loads as it always did."""
    library = (
        "class Model:\n    def __init__(self, model_name_or_path): self.name = model_name_or_path\n"
        "    __init__.__signature__ = 'odd'\n"
    )
    text = "def test_a():\n    from sentence_transformers.base.model import Model\n    assert Model('a').name == 'a'\n"
    files({
        "sentence_transformers/__init__.py": "", "sentence_transformers/base/__init__.py": "",
        "sentence_transformers/base/model.py": library, "test_s.py": text,
        "pytest.ini": "[pytest]\nisolate_models = a -> b\n",
    })  # fmt: skip
    finished = run()
    assert finished.tests == {"passed": 1}, shown(finished)


def test_a_stub_of_a_library_that_was_there_before_us(run, files):
    """Whatever it is, it does not stop the run; what has the interface of the real one is asked as that is."""
    stubs = (
        "import sys, types\nfrom unittest.mock import MagicMock\n"
        "class Hostile(types.ModuleType):\n"
        "    def __getattr__(self, name): raise RuntimeError(name)\n"
        "PIPELINE = lambda model: model\n"
        "named = types.ModuleType('another')\nnamed.pipeline = PIPELINE\n"
        "sys.modules['transformers.pipelines'] = named\n"
        "sys.modules['transformers.modeling_utils'] = MagicMock()\n"
        "sys.modules['transformers.configuration_utils'] = None\n"
        "sys.modules['huggingface_hub.file_download'] = Hostile('huggingface_hub.file_download')\n"
    )
    files({
        "early.py": stubs, "pytest.ini": "[pytest]\nisolate_models = a -> b\n",
        "test_s.py": "import early, sys\ndef test_a(): assert sys.modules['transformers.pipelines'].pipeline('a') == 'b'\n",
    })  # fmt: skip
    finished = run("-p", "early", PYTHONPATH=str(run.path))
    assert finished.counts == {"passed": 1}, shown(finished)


def test_a_warning_made_an_error(run, files):
    """It fails the run, and no test."""
    files({**LIBRARY, "test_s.py": SUITE, "pytest.ini": INI})
    finished = run("--isolate=session", "-W", "error::pytest_bulkhead.errors.ModelWarning")
    assert (finished.code, finished.counts) == (1, {"passed": 9}), shown(finished)
    assert "ERROR: ini key isolate_models: org/small -> org/none" in finished.out
    assert "Traceback" not in finished.out


@pytest.mark.parametrize(
    ("ini", "told"),
    [
        ("isolate_models = org/large", "ini key isolate_models: 'org/large' names no model and"),
        ("isolate_models = a -> ./none", "a -> ./none: there is no folder"),
        (
            "isolate_models = a -> package:no_such_one/x",
            "a -> package:no_such_one/x: there is no folder",
        ),
        ("isolate_trust_remote_code = never", "'never' is none of allow, forbid"),
    ],
)
def test_bad_input(ini, told, run, files):
    """Exit status 4, the value, where it stands, and no traceback."""
    files({"test_a.py": "def test_a(): pass\n", "pytest.ini": f"[pytest]\n{ini}\n"})
    for options in ((), ("--isolate=session",)):
        finished = run(*options)
        assert finished.code == 4, shown(finished)
        assert told in finished.out, shown(finished)
        assert "Traceback" not in finished.out
