"""Nothing around a project changes a verdict: variables, settings, layout, a test that ends all."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.kit.catalog import RunSpec
from scaffold.languages.python.project import module_of
from scaffold.proof.pytest.env import candidates
from scaffold.proof.runner import Evidence, Subject, SubjectTarget, VerifyOptions, load_runner
from support.suite import noisy_statements
from support.tree import write_files

PYTHON = sys.executable

CALC = '''\
"""A module with statements of every shape."""

import os
from typing import (
    Any,
)

TABLE = {
    "a": 1,
}


def add(
    a: Any,
    b: Any = 2,
) -> Any:
    """The sum."""
    if os.environ.get("CI"):
        return "in CI"
    return sum(
        (a, b),
    )


def unused() -> int:
    if TABLE:  # pragma: no cover
        return 1
    return 2


class Counter:
    """Counts."""

    step = 1

    def up(self) -> int:
        return self.step
'''
TESTS = """\
import os
import warnings

import pytest
from pkg.calc import Counter, add


@pytest.mark.parametrize("a", ["x[1]", "y::z", "line\\n", "\\udcff"])
def test_add(a):
    assert add(a, "") == a if False else True
    assert add(1) == 3


def test_counter():
    warnings.warn("an old name", DeprecationWarning, stacklevel=1)
    assert Counter().up() == 1


@pytest.mark.parametrize("nothing", [1])
@pytest.mark.unknown_to_everybody
def test_marked(nothing):
    assert nothing
"""
EXPECTED = ["test_add"] * 4 + ["test_counter", "test_marked"]


def project(
    root: Path, *, package: str = "pkg", run_root: str = ".", **files: str
) -> tuple[Path, Subject]:
    """A project whose package lies there, with generated tests in `tests`."""
    base = f"{run_root}/" if run_root != "." else ""
    target = f"{base}{package}/calc.py"
    test = f"{base}tests/test_gen_calc.py"
    named = {name.replace("__", "/").replace("_DOT_", "."): text for name, text in files.items()}
    write_files(root, {target: CALC, test: TESTS, **named})
    run = RunSpec("pytest", run_root, ("tests",))
    module = module_of(root, target, run, {})
    subject = Subject("calc", root, run, (test,), (SubjectTarget("calc", target, module),))
    return root, subject


def examine(subject: Subject, python: str = PYTHON, timeout_s: float = 60.0) -> Evidence:
    options = VerifyOptions(python=python, jobs=1, timeout_s=timeout_s)
    return load_runner("pytest").examine([subject], options, print)[0]


def results(evidence: Evidence) -> dict[str, str]:
    return {test.id: test.outcome for test in evidence.generated.tests}


def assert_as_ever(evidence: Evidence) -> None:
    assert [name.split("::")[1].split("[")[0] for name in results(evidence)] == EXPECTED
    assert set(results(evidence).values()) == {"passed"}
    assert list(evidence.coverage.values()) == [84.6]


VARIABLES = {
    "CI": "1", "GITHUB_ACTIONS": "true", "FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "10",
    "PYTEST_ADDOPTS": "-k nothing --co -x", "PYTEST_PLUGINS": "no_such_plugin",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "7", "PYTHONSTARTUP": "/none", "PYTHONINSPECT": "1", "PYTHONSAFEPATH": "1",
    "PYTHONVERBOSE": "1", "PYTHONDEVMODE": "1", "PYTHONPROFILEIMPORTTIME": "1", "LC_ALL": "C",
    "TZ": "Asia/Tokyo", "COVERAGE_PROCESS_START": "/none", "COVERAGE_RCFILE": "/none",
    "COV_CORE_SOURCE": "x", "HYPOTHESIS_PROFILE": "x", "GIT_DIR": "/none", "http_proxy": "http://x",
    "PYTHONIOENCODING": "ascii", "PYTHONPYCACHEPREFIX": "/none", "LINES": "1", "TERM": "dumb",
}  # fmt: skip


@pytest.mark.slow
def test_no_variable_changes_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, subject = project(tmp_path)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)

    assert_as_ever(examine(subject))


PYTEST_INI = """\
[pytest]
minversion = 7.0
required_plugins = pytest-randomly
addopts = -q -x --maxfail=1 -k nothing -m slow --deselect tests --ignore tests --collect-only
    -p no:python -p no:skipping --cov=pkg --strict-markers --strict-config -n 4 --lf --sw
    --color=yes --junitxml=out.xml -W error --randomly-seed=1 --doctest-modules --rootdir=/
    --assert=plain --no-such-option-at-all value --tb=short --import-mode=importlib --basetemp=here
filterwarnings = error
python_files = nothing_*.py
python_functions = nothing_*
python_classes = Nothing
norecursedirs = tests
testpaths = elsewhere
xfail_strict = false
empty_parameter_set_mark = fail_at_collect
log_cli = true
log_file = log.txt
log_level = DEBUG
cache_dir = cache
faulthandler_timeout = 0.001
timeout = 0.0001
markers = slow: x
strict = true
strict_markers = true
strict_config = true
strict_parametrization_ids = true
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["pytest.ini", "tests/pytest.ini", "above"])
def test_no_setting_of_pytest_changes_a_verdict(place: str, tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    _, subject = project(root, run_root="app" if place == "above" else ".")
    write_files(root, {"pytest.ini" if place == "above" else place: PYTEST_INI})
    before = sorted(root.rglob("*"))

    assert_as_ever(examine(subject))
    assert sorted(root.rglob("*")) == before


@pytest.mark.slow
def test_what_tests_need_of_the_settings_is_honoured(tmp_path: Path) -> None:
    _, subject = project(
        tmp_path,
        conftest_DOT_py="def pytest_addoption(parser):\n    parser.addoption('--backend')\n",
        lib__helper_DOT_py="VALUE = 5\n",
        lib__plugin_DOT_py="import pytest\n@pytest.fixture\ndef lent():\n    return 7\n",
        pyproject_DOT_toml="""
            [tool.pytest.ini_options]
            pythonpath = ["lib"]
            addopts = ["-p", "plugin", "--backend", "sqlite", "--import-mode=importlib"]
        """,
        tests__test_gen_calc_DOT_py="""
import helper
def test_needs(lent, request):
    assert (helper.VALUE, lent, request.config.getoption("--backend")) == (5, 7, "sqlite")
""",
    )

    assert results(examine(subject)) == {"tests/test_gen_calc.py::test_needs": "passed"}


LAYOUTS = {
    "flat": {"package": "pkg", "pkg____init___DOT_py": ""},
    "namespace": {"package": "pkg"},
    "src": {"package": "src/pkg", "src__pkg____init___DOT_py": ""},
    "pythonpath": {"package": "a/lib/pkg", "pytest_DOT_ini": "[pytest]\npythonpath = a/lib\n"},
    "below": {"package": "src/pkg", "run_root": "app", "app__pyproject_DOT_toml": ""},
    "a build folder": {
        "package": "build/pkg",
        "setup_DOT_cfg": "[options]\npackage_dir =\n =build",
    },
    "odd names": {"package": "src/pkg", "run_root": "a b{c}é*"},
}


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_coverage_is_that_of_coverage_itself_in_every_layout(layout: str, tmp_path: Path) -> None:
    root, subject = project(tmp_path / "tree [x]", **LAYOUTS[layout])
    folder, path = root / subject.run.root, root / subject.targets[0].path
    rate = root.parent / "coverage.json"
    start = [PYTHON, "-m", "coverage"]
    # Without what the run of verify leaves out: the target asks for it.
    env = {name: value for name, value in os.environ.items() if name != "CI"}
    env |= {"COVERAGE_FILE": str(root.parent / "data"), "PYTHONPATH": str(path.parents[1])}
    run = [*start, "run", "-m", "pytest", "-q", "-pno:cacheprovider", "tests/test_gen_calc.py"]
    done = subprocess.run(run, cwd=folder, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run([*start, "json", "-o", str(rate)], cwd=folder, env=env, capture_output=True)
    files = json.loads(rate.read_text())["files"]
    expected = next(
        f for name, f in files.items() if name.endswith("calc.py") and "test" not in Path(name).name
    )

    evidence = examine(subject)

    assert subject.targets[0].module == "pkg.calc"
    assert_as_ever(evidence)
    assert list(evidence.coverage.values()) == [round(expected["summary"]["percent_covered"], 1)]


ENDINGS = {
    "os._exit": "import os; os._exit(3)",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "its group": "import os, signal; os.killpg(0, signal.SIGKILL)",
    "pytest.exit": "import pytest; pytest.exit('enough')",
    "Ctrl-C": "raise KeyboardInterrupt",
    "a hang": "while True: pass",
}


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("where", ["test", "import"])
def test_what_ends_the_run_is_red_and_the_others_are_as_ever(
    ending: str, where: str, tmp_path: Path
) -> None:
    root, subject = project(tmp_path)
    code = ENDINGS[ending]
    text = f"def test_ends():\n    {code}\n" if where == "test" else f"{code}\n"
    bad = f"{text}\ndef test_beside():\n    pass\n"
    write_files(root, {"tests/test_gen_bad.py": bad, "tests/test_old.py": "def test_old(): pass\n"})
    other = Subject("bad", root, subject.run, ("tests/test_gen_bad.py",), subject.targets)
    options = VerifyOptions(python=PYTHON, jobs=2, timeout_s=8.0 if ending == "a hang" else 60.0)

    bad_one, good_one = load_runner("pytest").examine([other, subject], options, print)

    assert_as_ever(good_one)
    name = "tests/test_gen_bad.py" + ("::test_ends" if where == "test" else "")
    red = {test.id: test.message for test in bad_one.generated.red}
    assert list(red) == [name]
    assert re.search(r"ended the (process|run)|did not end|outcomes.Exit", red[name])
    assert bad_one.generated.command.endswith(f"-m pytest -q {name}")
    assert len(bad_one.generated.tests) == (2 if where == "test" else 1)


def test_an_exit_while_importing_is_red_by_its_file(tmp_path: Path) -> None:
    root, subject = project(tmp_path)
    write_files(root, {"tests/test_gen_bad.py": "raise SystemExit('no')\n"})
    files = (*subject.files, "tests/test_gen_bad.py")
    both = Subject("calc", root, subject.run, files, subject.targets)

    found = results(examine(both))

    assert found.pop("tests/test_gen_bad.py") == "error"
    assert list(found.values()) == ["passed"] * 6


NOISE = noisy_statements("probe")


@pytest.mark.parametrize("noise", NOISE)
def test_output_of_tests_and_of_the_interpreter_disturbs_nothing(
    noise: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, subject = project(
        tmp_path / "tree",
        tests__conftest_DOT_py=f"def pytest_runtest_setup():\n    {NOISE[noise]}\n",
    )
    write_files(tmp_path / "site", {"sitecustomize.py": "print('hello')\n"})
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\necho noise\nexec 3>&- 4>&-\nexec {PYTHON} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))

    assert_as_ever(examine(subject, str(wrapper)))


def test_an_interpreter_that_cannot_do_it_is_refused_with_the_reason(tmp_path: Path) -> None:
    from scaffold.errors import MissingToolError

    _, subject = project(tmp_path / "tree")
    for name, line, why in (
        ("optimized", f'exec {PYTHON} -O "$@"', "runs with -O"),
        ("broken", "echo no library >&2; exit 3", "does not start (exit code 3: no library)"),
    ):
        wrapper = tmp_path / name
        wrapper.write_text(f"#!/bin/sh\n{line}\n")
        wrapper.chmod(0o755)
        with pytest.raises(MissingToolError) as caught:
            examine(subject, str(wrapper))
        assert why in caught.value.fact
    assert candidates(tmp_path, tmp_path, PYTHON)


ODD = {
    "no shebang": "exit 0\n",
    "words": "#!/bin/sh\necho hello\n",
    "words as answers": '#!/bin/sh\nfor last; do :; done\necho hello > "$last"\n',
    "a number": '#!/bin/sh\nfor last; do :; done\necho 5 > "$last"\n',
    "a list": '#!/bin/sh\nfor last; do :; done\necho \'["lacks"]\' > "$last"\n',
    "half a probe": '#!/bin/sh\nfor last; do :; done\necho \'{"lacks": 1}\' > "$last"\n',
    "no utf-8": '#!/bin/sh\nfor last; do :; done\nprintf "\\377\\n" > "$last"\n',
    "deep": '#!/bin/sh\nfor last; do :; done\npython3 -c "print(\'[\' * 99999)" > "$last"\n',
    "a nameless signal": "#!/bin/sh\nkill -40 $$\nsleep 5\n",
    "a folder": "",
    "one that only reads": "#!/bin/sh\nexec cat\n",
    "one that waits": "#!/bin/sh\nexec sleep 600\n",
}


@pytest.mark.parametrize("odd", ODD)
def test_an_interpreter_that_answers_anything_else_is_refused_in_a_sentence(
    odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scaffold.errors import MissingToolError

    monkeypatch.setattr("scaffold.proof.pytest.answers.PROBE_S", 5.0)

    _, subject = project(tmp_path / "tree")
    program = tmp_path / "python"
    if ODD[odd]:
        program.write_text(ODD[odd])
        program.chmod(0o755)
    else:
        program.mkdir()
    options = VerifyOptions(python=str(program), timeout_s=600)

    with pytest.raises(MissingToolError) as asked:
        load_runner("pytest").environment(subject, options)
    with pytest.raises(MissingToolError) as ran:
        load_runner("pytest").examine([subject], options, print)

    assert str(program) in asked.value.fact
    assert str(program) in ran.value.fact


def test_the_hint_names_the_extra_that_has_what_is_missing(tmp_path: Path) -> None:
    from scaffold.errors import MissingToolError

    _, subject = project(
        tmp_path,
        pyproject_DOT_toml='[project]\nname = "x"\nversion = "1"\n'
        '[project.optional-dependencies]\ntests = ["no_such_thing>=1"]\n',
        tests__test_gen_calc_DOT_py="import no_such_thing, no_such_thing.api\n",
    )

    with pytest.raises(MissingToolError) as caught:
        examine(subject)

    assert caught.value.fact.endswith(": lacks no_such_thing)")
    assert "-e '.[tests]' 'pytest>=7'" in caught.value.hint
