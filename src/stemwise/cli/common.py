"""What several commands need."""

import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, ParamSpec

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from stemwise.errors import DataError, StemwiseError
from stemwise.parallel import Ended
from stemwise.texts import printable

EVERY = 30.0  # seconds between lines where no bar can be drawn

Given = ParamSpec("Given")


def in_a_sentence(command: Callable[Given, None]) -> Callable[Given, None]:
    """`command`, but what a user can mend ends in a sentence on stderr and exit code 1, an interrupt in 130; and what
    the library warns of is a sentence too."""

    @wraps(command)
    def wrapped(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            with warnings.catch_warnings(), ended_as_by_an_interrupt():
                warnings.showwarning = partial(_warn, warnings.showwarning)
                command(*args, **kwargs)
        except StemwiseError as fault:
            _end(f"error: {fault}", 1)
        except OSError as fault:
            _end(f"error: {fault}. Nothing half-written is left; free the disk or mend the path.", 1)
        except KeyboardInterrupt:
            _end("interrupted; nothing half-written is left.", 130)

    return wrapped


@contextmanager
def ended_as_by_an_interrupt() -> Iterator[None]:
    """Within, `kill` and a closed terminal are Ctrl-C, so that nothing half-written is left of them either."""
    ours = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    alone = threading.current_thread() is threading.main_thread()
    ours = [number for number in ours if alone and signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _end_as_told)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _end_as_told(*_: object) -> None:
    raise Ended


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None]]:
    """A bar on stderr, or a line each half minute where that is no terminal; call what it yields with the share that is
    done, 0 to 1."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _lines(what: str) -> Callable[[float], None]:
    began = last = time.monotonic()

    def update(share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= EVERY and 0 < share < 1:
            last = now
            left = (now - began) * (1 - share) / share
            print(f"{what}: {share:.0%}, {left / 60:.1f} min left", file=sys.stderr, flush=True)

    return update


def settings_of(words: Sequence[str] | None) -> dict[str, Any]:
    """`key=value` words as settings, values read as YAML, as Hydra reads them. Raises DataError for another form."""
    import yaml

    settings = {}
    for word in words or ():
        key, equals, value = word.partition("=")
        try:
            settings[key.strip().removeprefix("data.")] = yaml.safe_load(value)
        except yaml.YAMLError as fault:
            raise DataError(f"--set {word}: the value cannot be read ({' '.join(str(fault).split())}).") from fault
        if not equals or not key.strip():
            raise DataError(f"--set {word}: give key=value, as in --set skip=[Some_Song].")
    return settings


def only_given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options that were used, so that none is handed to a reader that has no such setting."""
    return {name: value for name, value in options.items() if value}


def say(text: str) -> None:
    """One line on stdout, not wrapped, so that paths can be copied."""
    _print(text)


def _print(text: str, stderr: bool = False) -> None:
    """To the letter: names of files hold brackets, and colons as in :cd:."""
    Console(stderr=stderr, soft_wrap=True, highlight=False, emoji=False).print(printable(text), markup=False)


def _warn(usual: Callable[..., None], message: Warning | str, category: type[Warning], *where: Any) -> None:
    """As `warnings.showwarning`, of which `usual` is the one there was."""
    if category is not UserWarning:
        usual(message, category, *where)
        return
    _print(f"warning: {message}", stderr=True)


def _end(message: str, code: int) -> None:
    _print(message, stderr=True)
    sys.exit(code)
