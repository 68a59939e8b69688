"""YAML edits keep every byte that is not theirs: comments, quotes, anchors, layout."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold import edits
from scaffold.errors import CheckoutError

PATH = ".github/workflows/ci.yml"
JOB = "jobs:\n  lint:\n    steps:\n      - run: |\n          make lint\n    runs-on: ubuntu\n"
HOOK = "repos:\n  - repo: local\n    hooks:\n      - id: ours\n"
FILES = {
    "comments": "# a\njobs: # b\n  one: # c\n    x: 1 # d\n    # e\n\n# f\n",
    "quotes and anchors": "jobs:\n  'one': &a {x: \"1\"}\n  two: *a\n",
    "another key below": "jobs:\n  one:\n    x: 1\n\non: push\n",
    "no blank line": "jobs:\n  one: 1\non: push\n",
    "literal at the end": "jobs:\n  one:\n    run: |\n      a\n\n      b\n\n",
    "folded": "jobs:\n  one: >-\n    a\n    b\n",
    "four blanks": "jobs:\n    one:\n        x: 1\n",
    "empty value": "jobs:\n  one:\n",
    "flow in two lines": "jobs:\n  one: [a,\n    b]\n",
    "markers": "---\njobs:\n  one: 1\n...\n",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("crlf", [False, True])
def test_a_job_comes_and_goes_without_a_trace(name: str, crlf: bool) -> None:
    text = FILES[name].replace("\n", "\r\n") if crlf else FILES[name]
    done = edits.apply("yaml", text, JOB, path=PATH)
    before, after = (yaml.safe_load(one) for one in (text, done.text))
    assert after == {**before, "jobs": {**before["jobs"], **yaml.safe_load(JOB)["jobs"]}}
    assert edits.revert("yaml", done.text, done.units, path=PATH) == text


REMOVED = {
    "the first": "jobs:\n  old: 1\n  two: 2\n",
    "one between with its comment": (
        "jobs:\n  one: 1\n\n  # old\n  # jobs\n  old:\n    x: |\n      a\n\n  two: 2\n"
    ),
    "the last": "jobs:\n  one: 1\n\n  old:\n    x: 1 # why\n\non: push\n",
    "the last of the file": "jobs:\n  one: 1\n  old: 2",
}


@pytest.mark.parametrize("name", REMOVED)
@pytest.mark.parametrize("crlf", [False, True])
def test_a_removed_entry_comes_back_in_its_place(name: str, crlf: bool) -> None:
    text = REMOVED[name].replace("\n", "\r\n") if crlf else REMOVED[name]
    done = edits.apply("yaml", text, "# scaffold: remove jobs.old\n", path=PATH)
    assert "old" not in done.text
    assert edits.revert("yaml", done.text, done.units, path=PATH) == text


def test_an_element_of_a_list_comes_and_goes() -> None:
    text = "repos:\n- repo: a\n  hooks: [x] # why\n# end\n"
    done = edits.apply("yaml", text, HOOK, path="x.yaml")
    assert [one["repo"] for one in yaml.safe_load(done.text)["repos"]] == ["a", "local"]
    assert [unit.name for unit in done.units] == ["repos:local"]
    assert edits.revert("yaml", done.text, done.units, path="x.yaml") == text


def test_an_entry_below_a_path_is_put_there() -> None:
    payload = "# scaffold: below services.app\nenvironment:\n  B: two\n"
    text = "services:\n  app:\n    environment:\n      A: one\n  db: {}\n"
    done = edits.apply("yaml", text, payload, path="compose.yaml")
    assert yaml.safe_load(done.text)["services"]["app"]["environment"] == {"A": "one", "B": "two"}
    assert edits.revert("yaml", done.text, done.units, path="compose.yaml") == text


@pytest.mark.parametrize(
    "text", ["on: push\n", "jobs: {}\n", "jobs: {a: 1}\n", "jobs:\n", "- jobs\n"]
)
def test_a_file_without_such_a_place_is_refused(text: str) -> None:
    with pytest.raises(CheckoutError, match=r"no 'jobs' in block style"):
        edits.apply("yaml", text, JOB, path=PATH)


def test_a_value_of_a_person_is_not_changed_by_what_comes_after_it() -> None:
    text = "jobs:\n  one: |\n    a"  # without a line end it holds none
    with pytest.raises(CheckoutError, match="cannot be put in, as this file is laid out"):
        edits.apply("yaml", text, JOB, path=PATH)


def test_an_entry_whose_anchor_is_used_is_not_removed() -> None:
    text = "jobs:\n  one: &a\n    x: 1\n  two: *a\n"
    with pytest.raises(CheckoutError, match="does not parse"):
        edits.apply("yaml", text, "# scaffold: remove jobs.one\n", path=PATH)


KEYS = st.sampled_from(["a", "b", "c-d", "'e'"])
LEAVES = st.sampled_from(
    ["1", "'x' # why", "[1, 2]", "|\n{0}  text\n{0}\n{0}  more", ">-\n{0}  f", ""]
)
LINES = st.sampled_from(["", "# note", "   # deep"])


@st.composite
def workflows(draw: st.DrawFn) -> str:
    """A workflow with jobs of some depth, comments and blank lines anywhere."""
    out = ["jobs:"]
    for key in draw(st.lists(KEYS, min_size=1, max_size=3, unique=True)):
        out += draw(st.lists(LINES, max_size=2))
        inner = draw(st.lists(KEYS, max_size=2, unique=True))
        out.append(f"  {key}:" if inner else f"  {key}: {draw(LEAVES).format('  ')}")
        out += [f"    {one}: {draw(LEAVES).format('    ')}" for one in inner]
    out += draw(st.lists(LINES, max_size=2))
    out += ["on: push"] if draw(st.booleans()) else []
    return "\n".join(out) + draw(st.sampled_from(["\n", "\n\n"]))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(text=workflows(), crlf=st.booleans())
def test_any_workflow_keeps_what_it_holds_and_comes_back(text: str, crlf: bool) -> None:
    before = yaml.safe_load(text)
    text = text.replace("\n", "\r\n") if crlf else text
    done = edits.apply("yaml", text, JOB, path=PATH)
    after = yaml.safe_load(done.text)
    assert after == {**before, "jobs": {**before["jobs"], **yaml.safe_load(JOB)["jobs"]}}
    again = edits.apply("yaml", done.text, JOB, path=PATH, owned=done.units)
    assert again == done
    assert edits.revert("yaml", done.text, done.units, path=PATH) == text
