"""A repository that commits are made in: looked over first, then the user's own `git commit`.

A commit is made as the user would type it, so their hooks and their signing run; nothing is pushed.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.errors import CheckoutError, CommitError, ConflictError, MissingToolError, UsageError
from scaffold.system import groups, isolation, process
from scaffold.system.git import (
    ANY_OWNER,
    GIT_S,
    SAFE,
    git_env,
    history_above,
    reading_env,
    safe_git,
)
from scaffold.system.git.history import not_plain
from scaffold.system.git.trace import HOOK, who_refused
from scaffold.system.invocation import look, quoted

# Settings and pathspecs of a hook's git would reach into the repository too.
_MEANT_FOR_ANOTHER = re.compile(
    r"GIT_(CONFIG(_PARAMETERS|_COUNT|_(KEY|VALUE)_\d+)?|\w+_PATHSPECS)$"
)
UNFINISHED = {
    "MERGE_HEAD": "a merge",
    "rebase-apply/applying": "a run of `git am`",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "sequencer": "a cherry-pick or revert",
    "BISECT_LOG": "a bisect",
}
"""A file of the repository that is there while something is under way -> what that is."""


@dataclass(frozen=True)
class Commit:
    """A commit that was made."""

    id: str
    message: str
    paths: tuple[str, ...]


class Repository:
    """The repository that a checkout lies in, ready for commits."""

    def __init__(self, root: Path, branch: str | None = None) -> None:
        """Look whether commits can be made here, on this new branch where one is named.

        Raises:
            MissingToolError: There is no git.
            CheckoutError: The checkout is not under git, or git is not ready for a commit.
            UsageError: The branch cannot have this name.
        """
        self.root = root
        program = isolation.find_tool("git")
        if program is None:
            raise MissingToolError(
                "git is not on the PATH outside of the checkout", "git --version"
            )
        self._program = program
        self._check_plain()
        self._check_tree()
        self._check_under_way()
        self.branch = self._answer("symbolic-ref", "--quiet", "--short", "HEAD")
        if not self._answer("rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
            raise CheckoutError(
                f"the branch {self.branch} has no commit yet, so the tests would be its first one",
                'git add -A && git commit -m "The code as it is"',
            )
        self._check_branch(branch)
        self._check_locks(f"refs/heads/{branch or self.branch}")
        self._check_identity()

    def check(self, paths: Collection[str], shared: Collection[str]) -> None:
        """Refuse files that cannot be committed by themselves.

        Args:
            paths: The files of the commits.
            shared: Those among them that hold a person's text too.

        Raises:
            ConflictError: One is staged already, or holds changes that are not committed.
            CheckoutError: One is ignored or overlooked by git, or lies in another repository.
        """
        self._check_plain(paths)
        self._check_own(paths)
        staged = self._listed("diff", "--cached", "--name-only", "--relative", "-z", "--",
                              *_literal(paths))  # fmt: skip
        if staged:
            raise ConflictError(
                f"{', '.join(staged)}: staged already, and a commit of the tests would take it in; "
                "nothing was written",
                f"git reset -q -- {shlex.join(staged)}",
            )
        dirty = self._changed(shared)
        if dirty:
            raise ConflictError(
                f"{', '.join(dirty)}: has changes that are not committed, and a commit of the "
                "tests would take them in; nothing was written",
                f"git add -- {shlex.join(dirty)} && git commit -m 'My changes' -- "
                f"{shlex.join(dirty)}",
            )
        ignored = self._listed("check-ignore", "-z", "--stdin", given="\0".join(sorted(paths)))
        if ignored:
            raise CheckoutError(
                f"{', '.join(ignored)}: git ignores it, so it cannot be committed",
                f"git check-ignore -v -- {shlex.join(ignored)}",
            )
        self._check_seen(paths)

    def _check_own(self, paths: Collection[str]) -> None:
        for path in paths:
            inner = next((f for f in Path(path).parents if self._is_repository(f)), None)
            if inner is not None:
                raise CheckoutError(
                    f"{path} lies in {inner}, a repository by itself, and is not part of this one",
                    f"git -C {quoted(str(inner))} status",
                )

    def _check_seen(self, paths: Collection[str]) -> None:
        tagged = self._listed("ls-files", "-v", "-z", "--", *_literal(paths))
        overlooked = [line for line in tagged if not line.startswith("H ")]
        if overlooked:
            flag = "skip-worktree" if overlooked[0].startswith("S ") else "assume-unchanged"
            names = [line[2:] for line in overlooked]
            raise CheckoutError(
                f"{', '.join(names)}: git is told to overlook its changes ({flag}), so they cannot "
                "be committed",
                f"git update-index --no-{flag} -- {shlex.join(names)}",
            )

    def begin(self, branch: str | None) -> None:
        """Make the branch and go to it; the files stay as they are.

        Raises:
            CheckoutError: git does not make it.
        """
        if branch is None or branch == self.branch:
            return
        made = self._run("branch", "--no-track", "--", branch, "HEAD")
        if made.returncode:
            raise CheckoutError(
                f"the branch '{branch}' cannot be made: {_last_line(made.stderr)}", "git branch"
            )
        self._run("symbolic-ref", "-m", f"scaffold: to {branch}", "HEAD", f"refs/heads/{branch}")
        self.branch = branch

    def uncommitted(self, paths: Collection[str]) -> list[str]:
        """Those of these files that differ from the last commit."""
        return self._changed(paths) if paths else []

    def committed(self, path: str) -> str | None:
        """A file as the last commit has it; None where it has none."""
        done = self._run("cat-file", "blob", f"HEAD:./{path}")
        return None if done.returncode else done.stdout

    def commit(self, paths: Sequence[str], message: str, what: str) -> Commit:
        """Commit these files alone; what else is staged stays so.

        Args:
            paths: The files, relative to the checkout.
            message: The message.
            what: What is committed, for the refusal.

        Raises:
            CommitError: A hook or git refused; the files are as they were written.
        """
        new = self._intend(paths, message, what)
        before = self._answer("rev-parse", "HEAD")
        code, who = self._run_commit(paths, message, new)
        if code:
            self._forget(new)
            why = f"{who or 'git commit'} ended with {code}"
            if who.startswith(HOOK):  # git ends with 1, whatever the hook ended with
                why = f"{who} refused it"
            raise self._refused(paths, message, what, why)
        after = self._answer("rev-parse", "HEAD")
        if after == before:
            raise self._refused(paths, message, what, "a hook took the commit back")
        # A hook may have written another subject.
        subject = self._answer("log", "-1", "--no-show-signature", "--format=%s")
        return Commit(after, subject or message, tuple(paths))

    def _intend(self, paths: Sequence[str], message: str, what: str) -> list[str]:
        """The new ones of these files, in the index by name: only so they go into the commit."""
        new = self._listed("ls-files", "--others", "-z", "--", *_literal(paths))
        sparse = self._answer("config", "--bool", "core.sparseCheckout") == "true"
        options = ["--sparse"] if sparse else []
        added = self._run("add", "-N", *options, "--", *_literal(new)) if new else None
        if added is not None and added.returncode:
            raise self._refused(paths, message, what, f"git add: {_last_line(added.stderr)}")
        return new

    def _run_commit(
        self, paths: Sequence[str], message: str, new: Sequence[str]
    ) -> tuple[int, str]:
        """What git ended with, and who refused; the index is as it was where a signal ended it."""
        words = ("commit", "--quiet", "--cleanup=whitespace", "-m", message, "--only", "--")
        try:
            with process.empty_folder() as folder:
                trace = folder / "trace"
                more = {"GIT_TRACE2_EVENT": str(trace), "GIT_EDITOR": "true"}
                code = process.attach(
                    [self._program, *words, *_literal(paths)],
                    cwd=self.root,
                    env={**_own_env(git_env()), **more},
                    to_stderr=True,
                )
                return code, who_refused(trace) if code else ""
        except BaseException:
            reset = self._words("reset", "--quiet", "--", *_literal(new))
            if new:
                groups.tidy(reset, cwd=self.root, env=_reading_env(), timeout_s=GIT_S)
            raise

    def _forget(self, new: Sequence[str]) -> None:
        if new:
            self._run("reset", "--quiet", "--", *_literal(new))

    def _refused(self, paths: Sequence[str], message: str, what: str, why: str) -> CommitError:
        named = shlex.join(paths)
        # Git refuses files whose line ends it would turn, again and again, where it is told so.
        strict = self._answer("config", "--bool", "core.safecrlf") == "true"
        git = "git -c core.safecrlf=warn" if strict else "git"
        return CommitError(
            f"{what} was not committed: {why}; its files are written, and not staged",
            f"{git} add -- {named} && {git} commit -m {shlex.quote(message)} -- {named}",
        )

    def _check_plain(self, paths: Collection[str] = ()) -> None:
        place = not_plain(self.root, paths)
        if place is not None:
            raise CheckoutError(
                f"{place} is not a plain file, and git would wait for it", look(place)
            )

    def _check_tree(self) -> None:
        done = self._run("rev-parse", "--is-inside-work-tree", trusted=False)
        if done.returncode == 0 and done.stdout.strip() == "true":
            return
        if history_above(self.root) is None:
            raise CheckoutError(
                f"{self.root} is not under git, so nothing can be committed",
                'git init && git add -A && git commit -m "The code as it is"',
            )
        owner = "dubious ownership" in done.stderr
        why = "it is another user's" if owner else _last_line(done.stderr)
        raise CheckoutError(
            f"git does not work in {self.root}: {why or 'it has no working tree here'}",
            f"git config --global --add safe.directory {quoted(str(self.root))}"
            if owner
            else "git status",
        )

    def _check_under_way(self) -> None:
        self._check_locks("index", "HEAD")
        for name, what in UNFINISHED.items():
            if self._inside(name).exists():
                raise CheckoutError(
                    f"{what} is not finished in this checkout, so nothing else can be committed",
                    "git status",
                )
        unmerged = self._listed("ls-files", "--unmerged", "--full-name", "-z")
        if unmerged:
            named = sorted({line.partition("\t")[2] for line in unmerged})
            raise CheckoutError(f"{', '.join(named)}: not merged yet", "git status")

    def _check_locks(self, *names: str) -> None:
        for name in names:
            lock = self._inside(f"{name}.lock")
            if os.path.lexists(lock):
                raise CheckoutError(
                    f"{lock} is there: another git is at work, or one was killed",
                    f"ls -l {quoted(str(lock))}",
                )

    def _check_branch(self, branch: str | None) -> None:
        if branch is None:
            if not self.branch:
                raise CheckoutError(
                    "no branch is checked out (a detached HEAD), so the commits would be lost with "
                    "the next switch",
                    "--branch add-tests",
                )
            return
        checked = self._run("check-ref-format", "--branch", branch)
        # A branch of this name could not be told from what git writes so: the one that is out.
        taken = branch in ("@", "HEAD") or branch.startswith("refs/")
        if checked.returncode or checked.stdout.strip() != branch or taken:
            raise UsageError(
                f"--branch {branch}: a branch cannot be called so", "--branch add-tests"
            )
        there = self._run("show-ref", "--verify", "--quiet", f"refs/heads/{branch}")
        if there.returncode == 0 and branch != self.branch:
            raise CheckoutError(
                f"there is a branch '{branch}' already; nothing was written",
                f"git switch {shlex.quote(branch)}",
            )

    def _check_identity(self) -> None:
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            # Without this setting git makes up a name from the machine's.
            asked = self._run("-c", "user.useConfigOnly=true", "var", who)
            if asked.returncode:
                raise CheckoutError(
                    "git does not know who commits: user.name or user.email is not set",
                    "git config --global --edit",
                )

    def _changed(self, paths: Collection[str]) -> list[str]:
        """Those of these files that are not as in the last commit, new ones included."""
        if not paths:
            return []
        lines = self._listed("status", "--porcelain=v1", "--untracked-files=all", "--no-renames",
                             "--ignored=no", "-z", "--", *_literal(paths))  # fmt: skip
        above = self._answer("rev-parse", "--show-prefix")
        return sorted(line[3:].removeprefix(above) for line in lines)

    def _is_repository(self, folder: Path) -> bool:
        return bool(folder.parts) and os.path.lexists(self.root / folder / ".git")

    def _inside(self, name: str) -> Path:
        return self.root / self._answer("rev-parse", "--git-path", name)

    def _answer(self, *arguments: str) -> str:
        done = self._run(*arguments)
        return "" if done.returncode else done.stdout.rstrip("\n")

    def _listed(self, *arguments: str, given: str | None = None) -> list[str]:
        done = self._run(*arguments, given=given)
        return [item for item in done.stdout.split("\0") if item]

    def _run(
        self, *arguments: str, given: str | None = None, trusted: bool = True
    ) -> process.Completed:
        done = process.run(
            self._words(*arguments, trusted=trusted),
            cwd=self.root,
            env=_reading_env(),
            timeout_s=GIT_S,
            input_text=given,
        )
        if done.timed_out:
            raise CheckoutError(
                f"git did not answer within {GIT_S:.0f} s in {self.root}: {shlex.join(arguments)}",
                "git status",
            )
        return done

    def _words(self, *arguments: str, trusted: bool = True) -> list[str]:
        words = safe_git(*arguments, settings=(*SAFE, ANY_OWNER) if trusted else SAFE)
        return [self._program, *words[1:]]


def _reading_env() -> dict[str, str]:
    return {**_own_env(reading_env()), "LC_ALL": "C"}


def _own_env(of: Mapping[str, str]) -> dict[str, str]:
    """An environment of git as the user would have it, typed in the checkout."""
    kept = {name: value for name, value in of.items() if not _MEANT_FOR_ANOTHER.match(name)}
    return {**kept, "PATH": isolation.user_path()}


def _literal(paths: Iterable[str]) -> list[str]:
    return [f":(literal){path}" for path in paths]


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
