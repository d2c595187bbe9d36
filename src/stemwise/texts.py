"""YAML, JSON and text that somebody else wrote: read strictly, or refused in a sentence; names, as compared."""

import json
import re
import shlex
import unicodedata
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any

import yaml

from stemwise.errors import DataError

NOT_TEXT = ("true", "false", "null", "nan", "inf")  # to Hydra


def read_text(path: Path) -> str:
    """UTF-8, with or without a mark in front; UTF-16 with one. Raises DataError naming the line of what is neither."""
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as fault:
        raise DataError(f"{path}: cannot be read ({fault}). Restore the file, or its permissions.") from fault
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        raise DataError(
            f"{path}, line {line}: not text in UTF-8 (byte {raw[fault.start]:#04x}). Save it as UTF-8; in Excel that "
            "is 'CSV UTF-8'."
        ) from fault


def read_yaml(path: Path) -> Any:
    """Raises DataError for what cannot be read or parsed, and for a key that stands twice: one would hide the other."""
    return _parsed(path, "YAML", lambda text: yaml.load(text, _Strict))


def read_json(path: Path) -> Any:
    """Raises DataError as `read_yaml` does, and for NaN and infinity, which JSON does not have."""
    return _parsed(
        path, "JSON", lambda text: json.loads(text, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    )


def _parsed(path: Path, form: str, parse: Callable[[str], Any]) -> Any:
    text = read_text(path)
    try:
        return parse(text)
    except (yaml.YAMLError, ValueError, OverflowError) as fault:
        raise DataError(
            f"{path}: not readable as {form} ({' '.join(str(fault).split())}). Correct or restore it."
        ) from fault
    except RecursionError as fault:
        raise DataError(f"{path}: not readable as {form} (nested too deep). Correct or restore it.") from fault


class _Strict(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' stands twice", key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        twice = next(key for key in out if [name for name, _ in pairs].count(key) > 1)
        raise ValueError(f"'{twice}' stands twice")
    return out


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def skipping(ids: Iterable[str]) -> str:
    """`data.skip=` of these songs, as it is typed: in quotes where Hydra would read an id as something else."""
    names = list(ids)
    if all(re.fullmatch(r"[A-Za-z_][\w-]*", id) and id.lower() not in NOT_TEXT for id in names):
        return f"data.skip=[{','.join(names)}]"
    quoted = ",".join('"' + _escaped(id) + '"' for id in names)
    return shlex.quote(f"data.skip=[{quoted}]")


def _escaped(id: str) -> str:
    """In double quotes to Hydra, where backslashes count before a quote alone."""
    return re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + ("\\" + found[2] if found[2] else ""), id)


def printable(text: str) -> str:
    """A name of a file as it can be printed and stored, whatever its bytes are: what is no UTF-8 becomes �."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def nfc(text: str) -> str:
    """With accents joined to their letters; macOS writes them apart, so one name may come in two forms."""
    return unicodedata.normalize("NFC", text)


def count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def spelling(name: str) -> str:
    """Letters and digits alone, small: `AC/DC` and `ac dc` are one."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum()) or name
