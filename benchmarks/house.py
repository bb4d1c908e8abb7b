"""The house in numbers: modules and lines per folder, the longest modules, and which room imports which.

    python -m benchmarks.house

`tests/test_architecture.py` holds the rules over the same walk. A room is a folder of `pipelines/`, each stage one of
its own, or a top-level package; a module right below `pipelines/` stands for itself.
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.measuring import REPOSITORY

PACKAGES = ("mathmill", "schemas", "validation", "pipelines", "training", "demo")
_LONGEST = 5


def modules() -> list[Path]:
    """Every module of the packages, as a path below the repository."""
    found = (path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
    return sorted(path.relative_to(REPOSITORY) for path in found)


def imports_of(source: str) -> Iterator[str]:
    """Every module that a source imports, deferred imports included; of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: Path) -> str:
    """The room that a module stands in: `pipelines/stages/screen`, `pipelines/text`, `pipelines/curate`, `training`."""
    package, *inner = module.with_suffix("").parts
    if package != "pipelines":
        return package
    if inner[0] == "stages":
        return "/".join((package, *inner[:2]))
    return f"{package}/{inner[0]}"


def module_named(imported: str) -> Path | None:
    """The module of ours that an import names, None for a package, a name in a module, or somebody else's."""
    path = Path(*imported.split(".")).with_suffix(".py")
    return path if (REPOSITORY / path).is_file() and path.parts[0] in PACKAGES else None


def arrows() -> Counter[tuple[str, str]]:
    """How many modules of one room import one of another, by the two rooms."""
    found: Counter[tuple[str, str]] = Counter()
    for module in modules():
        source = (REPOSITORY / module).read_text(encoding="utf-8")
        targets = {room_of(target) for imported in imports_of(source) if (target := module_named(imported)) is not None}
        found.update((room_of(module), target) for target in targets - {room_of(module)})
    return found


def circles(found: Mapping[tuple[str, str], int]) -> list[str]:
    """The rooms that can be reached from themselves along the arrows."""
    reached: defaultdict[str, set[str]] = defaultdict(set)
    for source, target in found:
        reached[source].add(target)
    for middle in list(reached):
        for source in list(reached):
            if middle in reached[source]:
                reached[source] |= reached[middle]
    return sorted(room for room, targets in reached.items() if room in targets)


def main() -> None:
    """Prints the numbers."""
    lines = {module: len((REPOSITORY / module).read_text(encoding="utf-8").splitlines()) for module in modules()}
    folders = Counter(str(module.parent) for module in lines if module.name != "__init__.py")
    print(f"{'folder':<32} modules  lines")
    for folder, number in sorted(folders.items()):
        print(f"{folder:<32} {number:>7}  {sum(n for module, n in lines.items() if str(module.parent) == folder):>5}")
    print("\nlongest modules")
    for module, number in sorted(lines.items(), key=lambda pair: -pair[1])[:_LONGEST]:
        print(f"{number:>5}  {module}")
    found = arrows()
    print(f"\n{len(found)} arrows between rooms, in a circle: {', '.join(circles(found)) or 'none'}")
    for room in sorted({source for source, _ in found}):
        targets = sorted(target for source, target in found if source == room)
        print(f"  {room} -> {', '.join(targets)}")


if __name__ == "__main__":
    main()
