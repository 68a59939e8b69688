"""What a run of pytest takes from around it: which variables and which settings count.

The one place where this is decided; the reasons are in docs/decisions/isolation.md. A variable is
left as it is unless it is named here, since nobody knows what the tests of a project need.
"""

from __future__ import annotations

import fnmatch
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DROPPED: Mapping[str, tuple[str, ...]] = {
    "CI systems: libraries print and decide otherwise where they see one": (
        "CI", "CI_*", "CONTINUOUS_INTEGRATION", "BUILD_NUMBER", "BUILD_ID", "BUILD_URL",
        "BUILD_TAG", "BUILD_BUILD*", "BUILD_REASON", "BUILD_SOURCE*", "RUN_ID", "JOB_NAME",
        "GITHUB_*", "GITEA_*", "FORGEJO_*", "GITLAB_*", "RUNNER_OS", "RUNNER_TEMP", "RUNNER_ARCH",
        "TF_BUILD", "AGENT_ID", "AGENT_NAME", "AGENT_OS*", "AGENT_VERSION", "AGENT_*DIRECTORY",
        "AGENT_MACHINENAME", "AGENT_JOB*", "SYSTEM_TEAM*", "SYSTEM_JOB*", "SYSTEM_PULLREQUEST*",
        "AZURE_HTTP_*",
        "JENKINS_*", "HUDSON_*", "TEAMCITY_*", "CIRCLECI", "CIRCLE_*", "TRAVIS", "TRAVIS_*",
        "BUILDKITE", "BUILDKITE_*", "APPVEYOR", "APPVEYOR_*", "DRONE", "DRONE_*", "BITBUCKET_*",
        "CODEBUILD_*", "SEMAPHORE", "SEMAPHORE_*", "CIRRUS_*", "NETLIFY", "VERCEL", "NOW_BUILDER",
        "WOODPECKER*", "bamboo_*", "TASKCLUSTER_*", "HEROKU_TEST_*", "CF_BUILD_ID", "WERCKER*",
        "SCREWDRIVER", "STRIDER", "GO_PIPELINE_*", "SAILCI", "BUDDY", "BUDDY_*", "CM_BUILD_ID",
        "PROW_JOB_ID", "KOKORO_*", "GERRIT_*", "XCS", "BITRISE_*",
    ),
    "colours and terminals: what is printed depends on them": (
        "*COLOR*", "COLUMNS", "LINES", "TERM_PROGRAM*", "TERMINAL_*", "TERMCAP", "TERMINFO*",
        "TTY_*", "_TYPER_*", "TYPER_*", "RICH_*", "JUPYTER_*", "JPY_*", "PYCHARM_*", "VSCODE_*",
        "INSIDE_EMACS", "EMACS", "WT_SESSION", "ANSICON", "ConEmu*", "KITTY_*", "ITERM_*",
        "PAGER", "MANPAGER", "LESS", "LESSOPEN", "LESSCLOSE", "LESSCHARSET", "MORE", "EDITOR",
        "VISUAL", "BROWSER", "PROMPT_TOOLKIT_*",
    ),
    "pytest, coverage, hypothesis: what is collected, reported and tried": (
        "PYTEST_*", "COVERAGE_*", "COV_CORE_*", "HYPOTHESIS_*", "TOX_*", "NOX_*", "_PYTEST_*",
    ),
    "the interpreter: -O takes the assertions away, others change modules, warnings, output": (
        "PYTHON*", "__PYVENV_LAUNCHER__",
    ),
    "language and time zone: dates, numbers and messages depend on them": (
        "LC_*", "LANG", "LANGUAGE", "TZ", "TZDIR", "SOURCE_DATE_EPOCH", "FAKETIME*",
    ),
    "git inside a hook: the tests' own repositories would be this one": ("GIT_*",),
    "shells that the tests start": (
        "BASH_ENV", "CDPATH", "GREP_OPTIONS", "POSIXLY_CORRECT", "SHELLOPTS", "BASHOPTS",
    ),
    "where a person is": ("SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY"),
    "temporary folders: each run has its own": ("TMPDIR", "TMP", "TEMP"),
    "ours": ("SCAFFOLD_*",),
}  # fmt: skip
"""Reason -> patterns of names that a run does not see."""

KEPT = (
    # Where packages and the user's own site are found.
    "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONPLATLIBDIR",
    # Who commits, and how a remote is reached.
    "GIT_AUTHOR_*", "GIT_COMMITTER_*", "GIT_CONFIG_[GSNCKV]*", "GIT_SSH*", "GIT_SSL_*",
    "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_ASKPASS",
)  # fmt: skip
"""Exceptions: names that a pattern above fits and that a run sees all the same."""

IN_THE_TESTS_ONLY = tuple(
    name
    for base in ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy", "ws_proxy")
    for name in (base, base.upper())
)
"""Names that uv may need to make the environment; the tests talk to the loopback."""

CARRIER = "SCAFFOLD_WORKER"
"""The variable that names to the worker what else to drop, and which options to keep."""

# Options of pytest that say what is collected, in which order, how it ends and what is printed. The
# value of one is a word without a dash, and those are left out anyway.
OWN_OPTIONS = _words(
    """
    --exitfirst --maxfail --lf --last-failed --ff --failed-first --nf --new-first --lfnf
    --last-failed-no-failures --cache-clear --cache-show --sw --stepwise --sw-skip --stepwise-skip
    --sw-reset --stepwise-reset --co --collect-only --collectonly --pyargs --noconftest
    --keep-duplicates --collect-in-virtualenv --continue-on-collection-errors --strict
    --strict-config --strict-markers --runxfail --setup-only --setup-show --setup-plan --fixtures
    --funcargs --fixtures-per-test --markers --pdb --pdbcls --trace --version --help --no-header
    --no-summary --no-fold-skipped --force-short-summary --showlocals --no-showlocals --full-trace
    --fulltrace --verbose --verbosity --quiet --disable-warnings --disable-pytest-warnings
    --disable-plugin-autoload --trace-config --traceconfig --pythonwarnings --deselect --ignore
    --ignore-glob --rootdir --config-file --basetemp --tb --show-capture --color --code-highlight
    --junitxml --junit-xml --junitprefix --junit-prefix --durations --durations-min --capture
    --pastebin --xfail-tb --assert --debug --no-cov --cov --numprocesses --maxprocesses --dist
    --distload --max-worker-restart --maxschedchunk --loadscope-reorder --no-loadscope-reorder --tx
    --px --rsyncdir --rsyncignore --looponfail --boxed --forked --testrunuid --only-rerun
    --rerun-except --fail-on-flaky --force-flaky --max-runs --min-passes --no-flaky-report
    --no-success-flaky-report --retries --retry-delay --session-timeout --html --css
    --self-contained-html --json --splits --group --splitting-algorithm --store-durations
    --durations-path --shard-id --num-shards --picked --count --flake-finder --flake-runs
    --reverse --old-summary --force-sugar --instafail --tldr --emoji --rich --pretty --nbval
    --nbmake --black --ruff --isort --mypy --flake8 --pylint --pycodestyle --pydocstyle --codestyle
    --docstyle --memray --codspeed --tap --tap-stream --tap-files --md
    """
)
OWN_PREFIXES = (
    "--doctest", "--xdoc", "--log-", "--cov-", "--no-cov-", "--random", "--reruns", "--timeout",
    "--html-", "--json-", "--report-", "--allure", "--clean-allure", "--benchmark", "--testmon",
    "--no-testmon", "--repeat", "--snapshot", "--inline-snapshot", "--mypy-", "--flake8-",
    "--ruff-", "--pylint-", "--nbval-", "--nbmake-", "--memray-", "--tap-", "--md-",
)  # fmt: skip
OWN_LETTERS = frozenset("xvqslkmnrcWhVdf")
# Plugins of pytest itself: without one, tests are not found, fixtures are missing or marks ignored.
OWN_PLUGINS = _words(
    """
    mark main runner fixtures helpconfig python terminal debugging unittest capture skipping
    legacypath tmpdir monkeypatch recwarn pastebin assertion junitxml doctest cacheprovider
    setuponly setupplan stepwise unraisableexception threadexception warnings logging reports
    faulthandler subtests python_path freeze_support
    """
)
BLOCKED = _words(
    """
    randomly random_order random-order reverse rerunfailures flaky pytest-retry xdist xdist.plugin
    xdist.looponfail pytest_cov sugar
    """
)
SETTINGS = _words(
    """
    addopts filterwarnings xfail_strict strict_xfail cache_dir minversion required_plugins log_cli
    log_file empty_parameter_set_mark faulthandler_timeout faulthandler_exit_on_timeout strict
    strict_markers strict_config strict_parametrization_ids python_files python_classes
    python_functions norecursedirs collect_imported_tests testpaths timeout
    """
)
"""Settings to which the worker gives its own value; see `record.pytest_args`."""


def is_dropped(name: str) -> bool:
    """Whether a run does not see the variable."""
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in KEPT):
        return False
    return any(
        fnmatch.fnmatchcase(name, pattern) for patterns in DROPPED.values() for pattern in patterns
    )


def environment(
    scratch: Path,
    extra: Mapping[str, str],
    roots: Sequence[str] = (".",),
    options: Sequence[str] = (),
) -> dict[str, str]:
    """The environment of a run: the same on every machine, but for what tests may need.

    Args:
        scratch: Where temporary files go.
        extra: What the interpreter needs.
        roots: Folders that imports start from, relative to the runner's folder.
        options: Options of the project's own `addopts` that pytest gets.
    """
    env = {name: value for name, value in os.environ.items() if not is_dropped(name)}
    own = os.environ.get("PYTHONPATH")
    temporary = scratch / "tmp"
    temporary.mkdir(exist_ok=True)
    env.update(
        # What a person put on the path comes last: tests may need it, and it hides nothing.
        PYTHONPATH=os.pathsep.join([*roots, *([own] if own else [])]),
        PYTHONDONTWRITEBYTECODE="1",  # nothing is written into the checkout
        PYTHONHASHSEED="0",  # the order of a set must not change a verdict
        LC_ALL="en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",
        TZ="UTC",
        TERM="xterm-256color",
        HYPOTHESIS_STORAGE_DIRECTORY=str(scratch / "hypothesis"),
        TMPDIR=str(temporary),
    )
    env[CARRIER] = json.dumps({"unset": IN_THE_TESTS_ONLY, "options": list(options)})
    return {**env, **extra}


def kept_options(words: Iterable[str], folder: Path) -> list[str]:
    """What pytest gets of a project's `addopts`: plugins, the import mode, what it does not know.

    An option that is not pytest's own was made by a plugin or a conftest.py, and the tests may ask
    for it. Where its value is a separate word, that word is kept, unless it is a path there is.
    """
    kept: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        value = rest[:1] if rest[:1] and not rest[0].startswith("-") else []
        if word in ("-p", "-o", "--override-ini", "--import-mode", "--confcutdir"):
            del rest[: len(value)]
            kept += _pair(word, value[0]) if value else []
        elif word[:2] in ("-p", "-o"):
            kept += _pair(word[:2], word[2:])
        elif word.startswith("--override-ini="):
            kept += _pair("-o", word.partition("=")[2])
        elif _is_foreign(word):
            kept.append(word)
            if value and "=" not in word and not (folder / value[0]).exists():
                kept.append(rest.pop(0))
    return kept


def _pair(option: str, value: str) -> list[str]:
    if option == "-p":
        name = value.removeprefix("no:")
        unwanted = name in BLOCKED or (name != value and name in OWN_PLUGINS)
    else:
        unwanted = option.startswith(("-o", "--o")) and value.partition("=")[0] in SETTINGS
    return [] if unwanted else [option, value]


def _is_foreign(word: str) -> bool:
    if not word.startswith("-") or word == "--":
        return False
    if not word.startswith("--"):
        return word[1:2] not in OWN_LETTERS
    name = word.partition("=")[0]
    return name not in OWN_OPTIONS and not name.startswith(OWN_PREFIXES)
