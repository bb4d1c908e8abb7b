"""Which packages programs see: a fixed list beside the standard library, whatever else this machine has installed.

What a program finds decides what it answers (pandas keeps strings otherwise where pyarrow is installed, sympy counts
otherwise with gmpy2), so nothing else is found, by the listed packages either.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

LISTED = {
    "mpmath": "mpmath",
    "numpy": "numpy",
    "pandas": "pandas",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "sympy": "sympy",
}  # the name that is imported, and the distribution
_BENEATH = ("dateutil", "joblib", "narwhals", "pytz", "six", "threadpoolctl", "tzdata")  # what those stand on
_SEEN = frozenset([*sys.stdlib_module_names, *sys.builtin_module_names, *LISTED, *_BENEATH, "__main__"])


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the listed packages that are installed here, by distribution."""
    from importlib import metadata  # deferred: servers need it not, and each fork would pay for what it brings along

    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for distribution in LISTED.values():
        try:
            found[distribution] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return found


class Others:
    """Finds nothing outside the list, before any other finder can."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Leaves listed modules to the finders behind this one.

        Raises:
            ModuleNotFoundError: it is not on the list.
        """
        package = name.partition(".")[0]
        if path is None and package not in _SEEN and not package.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def hide_others() -> None:
    """Hides what is not listed from this process and its forks."""
    sys.meta_path.insert(0, Others)


def missing_package(error: BaseException) -> str | None:
    """Returns the package that an import did not find; None for other errors."""
    if not isinstance(error, ModuleNotFoundError) or not isinstance(error.name, str):
        return None
    package = error.name.partition(".")[0]
    module = sys.modules.get(package)  # a stand-in, such as a notebook's IPython, has no spec
    here = package in sys.stdlib_module_names or getattr(module, "__spec__", None) is not None
    return None if here or not package.isidentifier() else package
