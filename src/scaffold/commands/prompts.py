"""What is asked on a terminal: gaps by priority, their questions, yes or no."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scaffold.commands.parts import tools
from scaffold.errors import UsageError
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.cuts import Part, Place
from scaffold.kit.parts import parts_of
from scaffold.kit.questions import Question, load_questions, written
from scaffold.plan.sizes import Size
from scaffold.proof.needs import missing
from scaffold.system import interruption, invocation
from scaffold.system.output import counted, visible
from scaffold.workflow import Status

if TYPE_CHECKING:
    from scaffold.checkout.find import Checkout
    from scaffold.commands.options import Progress

OPEN = frozenset({"open", "outdated", "partial"})
"""States in which a gap can be picked."""
Sizes = Callable[[Gap], Mapping[str, Size]]
"""How large the parts of a gap are, by their names; empty where that is not known."""


def ask(
    kit: Kit,
    checkout: Checkout,
    kind: str | None,
    language: str | None,
    given: dict[str, Any],
    progress: Progress,
) -> tuple[list[Gap], dict[str, tuple[str, ...]], dict[str, Any]]:
    """The gaps that a person picked, the parts of each, and the answers, those given included."""
    from scaffold import workflow
    from scaffold.errors import ScaffoldError
    from scaffold.kit.parts import names_of, with_needs
    from scaffold.kit.selection import select
    from scaffold.plan.sizes import known_sizes

    rows = [
        status
        for status in workflow.statuses(kit, checkout)
        if (language is None or status.gap.language == language)
        and status.gap.kind == (kind or "gap")
        and status.state != "skipped"
    ]

    def sizes(gap: Gap) -> dict[str, Size]:
        progress(f"count {gap.slug}")
        try:
            return known_sizes(kit, gap, checkout.find(gap).facts())
        except ScaffoldError:  # the plan names it, where it is picked
            return {}

    there = {(row.gap.slug, name) for row in rows for name, mode in row.parts.items() if mode}
    places = with_needs(kit, pick_parts(rows, sizes), there)
    gaps = select(kit, slugs=dict.fromkeys(slug for slug, _ in places))
    parts = {
        gap.slug: tuple(name for name in names_of(gap) if (gap.slug, name) in places)
        for gap in gaps
        if gap.parts and any(slug == gap.slug for slug, _ in places)
    }
    asked = ask_questions(gaps, skip=set(given))
    invocation.add_typed(as_typed(gaps, parts, asked))
    return gaps, parts, {**given, **asked}


def as_typed(
    gaps: list[Gap], parts: Mapping[str, tuple[str, ...]], asked: Mapping[str, Any]
) -> list[str]:
    """What was picked and answered, as the words of a command line."""
    defaults = {one.name: one.default for gap in gaps for one in load_questions(gap)}
    words = [word for gap in gaps if gap.slug not in parts for word in ("--gap", gap.slug)]
    words += [w for slug, names in parts.items() for n in names for w in ("--part", f"{slug}:{n}")]
    for name, value in asked.items():
        words += ["--set", f"{name}={written(value)}"] if value != defaults.get(name) else []
    return words


def pick_parts(rows: Sequence[Status], sizes: Sizes) -> list[Place]:
    """The gaps and parts that a person picked; of each P0 gap the next part is preselected.

    Raises:
        KeyboardInterrupt: The person left with Ctrl-C.
        UsageError: Nothing is open, or nothing was picked.
    """
    import questionary

    choices: list[Any] = []
    for priority in dict.fromkeys(row.gap.priority for row in rows):
        choices.append(questionary.Separator(f"── {visible(priority)} ──"))
        for row in (item for item in rows if item.gap.priority == priority):
            choices += _choices(row, sizes)
    picks = [item for item in choices if not isinstance(item, questionary.Separator)]
    if all(item.disabled for item in picks):
        raise UsageError("nothing is open in this checkout", "scaffold status")
    picked = _ask(
        questionary.checkbox(
            "Which gaps do you want to close?",
            choices=choices,
            instruction="(space picks, a all, enter goes on; of each P0 gap the next is ticked)",
        )
    )
    if not picked:
        raise UsageError("no gap was picked; nothing was written", "scaffold list")
    return list(picked)


def ask_questions(gaps: Iterable[Gap], skip: set[str]) -> dict[str, Any]:
    """The answers to the questions of these gaps, except those answered already.

    Raises:
        KeyboardInterrupt: The person left with Ctrl-C.
    """
    return {
        question.name: _answer(question)
        for gap in gaps
        for question in load_questions(gap)
        if question.name not in skip
    }


def press(question: str, keys: Mapping[str, str], *, default: str) -> str:
    """The one of these keys that a person pressed; Enter is the default.

    Args:
        question: What is asked.
        keys: Key -> what it does.
        default: One of the keys.

    Raises:
        KeyboardInterrupt: The person left with Ctrl-C.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.keys import Keys
    from questionary import Question as Asked

    bindings = KeyBindings()

    def bind(pressed: str, key: str) -> None:
        bindings.add(pressed)(lambda event: event.app.exit(result=key))

    for key in keys:
        bind(key, key)
        bind(key.upper(), key)
    bind("enter", default)

    @bindings.add(Keys.ControlC)
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt)

    bindings.add(Keys.Any)(lambda event: None)
    facts = [f"{key.upper() if key == default else key} {what}" for key, what in keys.items()]
    session: PromptSession[str] = PromptSession(
        f"{visible(question)} ({', '.join(facts)}) ", key_bindings=bindings
    )
    _forget_typed_ahead()
    return str(_ask(Asked(session.app)))


def choose(question: str, choices: Sequence[str]) -> str:
    """One of these, as a person picked it.

    Raises:
        KeyboardInterrupt: The person left with Ctrl-C.
    """
    import questionary

    shown = [questionary.Choice(visible(choice), value=choice) for choice in choices]
    return str(_ask(questionary.select(visible(question), choices=shown)))


def confirm(question: str, *, default: bool = True) -> bool:
    """Yes or no.

    Raises:
        KeyboardInterrupt: The person left with Ctrl-C.
    """
    import questionary

    _forget_typed_ahead()
    return bool(_ask(questionary.confirm(visible(question), default=default)))


def _forget_typed_ahead() -> None:
    """Drop keys that were pressed before the question stood there: they answer no review."""
    import termios

    from prompt_toolkit.application import get_app_session
    from prompt_toolkit.input.typeahead import clear_typeahead

    clear_typeahead(get_app_session().input)
    with contextlib.suppress(OSError, ValueError, termios.error):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def confirm_places(deletes: Sequence[str], moves: Sequence[str]) -> bool:
    """Whether these files, which a person wrote, may go or move; yes where there are none.

    Raises:
        KeyboardInterrupt: The person left with Ctrl-C.
    """
    told = [f"deletes {', '.join(deletes)}"] if deletes else []
    told += [f"moves {', '.join(moves)}"] if moves else []
    return not told or confirm(f"This {' and '.join(told)}. Go on?", default=False)


def _choices(row: Status, sizes: Sizes) -> list[Any]:
    """The entries of one gap: its name and its parts, or one entry where it has no parts."""
    import questionary

    gap = row.gap
    reason = None
    if gap.state == "planned":
        reason = "template not built yet"
    elif row.state not in OPEN and not row.partial:
        reason = row.state
    if reason is not None:
        return [
            questionary.Choice(visible(f"{gap.slug:<24} {gap.title}"), gap.slug, disabled=reason)
        ]
    counted = sizes(gap)
    left = [part.name for part in parts_of(gap) if not row.parts.get(part.name)]
    following = next((name for name in left if not counted or name in counted), "")
    found: list[Any] = []
    if gap.parts:
        found.append(questionary.Separator(visible(f"   {gap.slug}: {gap.title}")))
    for part in parts_of(gap):
        is_there = row.parts.get(part.name) is not None
        applies = not counted or part.name in counted
        why = "nothing of it applies here" if not applies else None
        found.append(
            questionary.Choice(
                visible(_described(gap, part, counted.get(part.name))),
                value=(gap.slug, part.name),
                checked=gap.priority == "P0" and part.name == following,
                disabled="written" if is_there and not row.outdated else why,
            )
        )
    return found


def _described(gap: Gap, part: Part, size: Size | None) -> str:
    name = f"{gap.slug}:{part.name}" if gap.parts else gap.slug
    facts = [counted(size.lines, "line"), counted(size.tests, "test")] if size else []
    facts += [gap.language, tools(gap)]
    if lacks := missing(gap.needs):
        # It can be written all the same; only its proof needs the tool.
        facts.append(f"{', '.join(lacks)} missing here")
    return f"{name:<24} {part.title}  [{', '.join(facts)}]"


def _answer(question: Question) -> Any:
    import questionary

    asked = visible(question.help)
    if question.type == "bool":
        prompt = questionary.confirm(asked, default=bool(question.default))
    elif question.choices:
        prompt = questionary.select(asked, choices=list(question.choices), default=question.default)
    else:
        prompt = questionary.text(
            asked,
            default=str(question.default),
            validate=lambda text: _fits(question, text),
        )
    return question.parse(_ask(prompt))


def _ask(prompt: Any) -> Any:
    """The answer; a signal ends the question as it ends a run.

    The library is asked to end: raised inside of it, an interruption may be lost in one of its
    callbacks, or leave the terminal as the library needs it.

    Raises:
        KeyboardInterrupt: A signal, or a typed Ctrl-C.
    """
    application = prompt.application

    def leave() -> None:
        if interruption.is_wanted() and not application.future.done():
            application.exit()

    def wake() -> None:
        if application.loop is not None:  # else `leave` is called as soon as it runs
            application.loop.call_soon_threadsafe(leave)

    with interruption.held(wake):
        answer = application.run(pre_run=leave, handle_sigint=False)
    interruption.check()
    return answer


def _fits(question: Question, text: str) -> bool | str:
    try:
        question.parse(text)
    except UsageError as error:
        return visible(error.fact)
    return True
