"""The house keeps its own rules: data flows downwards, rooms stay small."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "src" / "stemwise"
# From the top down; rooms of one line may not know each other. As drawn in docs/architecture.md.
FLOORS = [
    ["study"],
    ["cli", "experiment"],
    ["callbacks", "sweeps", "listen"],
    ["report"],
    ["evaluation"],
    ["tasks", "separate_file", "detect_file", "gate_file"],
    ["external", "stem_files"],
    ["separator", "detector", "catalogue", "health", "bundle", "onnx_file"],
    ["export"],
    ["losses", "metrics"],
    ["model"],
    ["nets", "loading", "validation"],
    ["datasets", "synthesis", "convert"],
    ["busyness"],
    ["labels", "song_folder"],
    ["activity", "gate", "song", "landmarks", "naming", "wiener", "polarity"],
    ["taxonomy", "audio", "spectral", "mel"],
    ["files", "texts"],
    ["home", "ffmpeg", "parallel", "memory", "containers"],
    ["errors"],
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def modules() -> list[Path]:
    return sorted(path for path in LIBRARY.rglob("*.py") if path != LIBRARY / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> set[str]:
    """Rooms of the library that a module imports, at its top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("stemwise.")} & set(FLOOR)


def test_every_room_has_its_floor():
    assert {room(path) for path in modules()} == set(FLOOR)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_nothing_imports_upwards_or_sideways(path):
    here = room(path)
    above = {name for name in imports(ast.parse(path.read_text())) if name != here and FLOOR[name] <= FLOOR[here]}
    assert not above, f"{here} imports {above}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_rooms_and_functions_are_small(path):
    text = path.read_text()
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name


def test_the_drawing_names_every_room():
    drawing = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]
    assert all(room in drawing for room in FLOOR)
