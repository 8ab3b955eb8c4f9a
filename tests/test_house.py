"""The rooms of the house: imports run one way, in the order of CONTRIBUTING, and no room is a hall."""

import ast
from pathlib import Path

import pytest

import lifetime

HOUSE = Path(lifetime.__file__).parent
FLOORS = ("ground", "theory", "machine", "presets", "evidence", "front")
"""From the ground up: a room imports from its own floor or from one below."""
GROUND, FRONT = ("types", "symbols", "arrays", "summary"), ("__init__", "__main__", "display")
LONGEST = 350
"""Lines of a room: about 300."""
ROOMS = sorted(path.relative_to(HOUSE).with_suffix("") for path in HOUSE.rglob("*.py"))


def floor(room):
    """The floor that a room is on; "show" is beside the house."""
    first = room.parts[0]
    return "ground" if first in GROUND else "front" if first in FRONT else first


def imports(source, room):
    """Every room that the source of a room imports, and whether at its top: [(room, late), ...]."""
    tree, found = ast.parse(source), []
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [name.name.split(".") for name in node.names if name.name.split(".")[0] == "lifetime"]
            found += [(parts[1:], id(node) not in top) for parts in names]
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".") if node.module else []
            package = list(room.parts[:-1])
            if node.level:
                start = package[: len(package) - node.level + 1] + module
            elif module[:1] == ["lifetime"]:
                start = module[1:]
            else:
                continue
            found += [([*start, name.name], id(node) not in top) for name in node.names]
    return [(target, late) for parts, late in found if (target := as_room(parts)) is not None and target != room]


def as_room(parts):
    """The file behind the parts of a dotted name: a module, a package, or the one that a name is in."""
    for end in range(len(parts), 0, -1):
        for name in (Path(*parts[:end]), Path(*parts[:end]) / "__init__"):
            if name in ROOMS:
                return name
    return Path("__init__")


def complaints(room, targets):
    """What is wrong with the imports of a room."""
    for target, late in targets:
        one, other = floor(room), floor(target)
        if other == "show" and one not in ("show", "front"):
            if not late:
                yield f"{room} imports {target} at its top: show is imported late"
        elif one == "show":
            if other not in ("show", "ground"):
                yield f"{room} imports {target}: show takes plain numbers"
        elif other != "show" and FLOORS.index(other) > FLOORS.index(one):
            yield f"{room} ({one}) imports {target} ({other}), which is above it"


def circle(graph):
    """Rooms that import each other in a circle, or none."""
    done, path = set(), []

    def visit(room):
        if room in path:
            return path[path.index(room) :]
        if room in done:
            return []
        path.append(room)
        found = next((found for target in graph[room] if (found := visit(target))), [])
        path.pop()
        done.add(room)
        return found

    return next((found for room in graph if (found := visit(room))), [])


@pytest.fixture(scope="module")
def house():
    return {room: imports((HOUSE / room).with_suffix(".py").read_text(), room) for room in ROOMS}


def test_every_room_is_on_a_floor():
    assert {floor(room) for room in ROOMS} == {*FLOORS, "show"}


def test_no_arrow_goes_against_the_order(house):
    assert [text for room in house for text in complaints(room, house[room])] == []


def test_no_room_imports_in_a_circle(house):
    assert circle({room: [target for target, _ in targets] for room, targets in house.items()}) == []


def test_no_room_is_a_hall():
    lengths = {str(room): len((HOUSE / room).with_suffix(".py").read_text().splitlines()) for room in ROOMS}
    assert {room: lines for room, lines in lengths.items() if lines > LONGEST} == {}


@pytest.mark.parametrize(
    ("room", "source", "message"),
    [
        ("arrays", "from .theory.law import ScalingLaw", "above it"),
        ("theory/law", "def late():\n    from ..evidence.fitting import fit", "above it"),
        ("theory/plan", "from ..show.display import short", "imported late"),
        ("theory/plan", "def late():\n    from ..show.display import short", None),
        ("theory/plan", "from .. import symbols as s\nfrom ..presets import laws", "above it"),
        ("show/display", "import lifetime.theory.law", "plain numbers"),
        ("machine/roofline", "import lifetime.presets", "above it"),
        ("evidence/claims/papers", "from ...presets import laws\nfrom ..fitting import fit", None),
    ],
)
def test_what_an_arrow_against_the_order_looks_like(room, source, message):
    room = Path(room)
    found = list(complaints(room, imports(source, room)))
    assert (message is None and not found) or message in found[0]


def test_what_a_circle_looks_like():
    assert circle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c"]
    assert circle({"a": ["b", "c"], "b": ["c"], "c": []}) == []
