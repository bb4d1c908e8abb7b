"""How the people who decide about rows are called in what is published: by a pseudonym each, unless asked otherwise."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Literal

from schemas.table import Table

_NAMED = ("annotator", "reviewer")
_BYTES = 5  # of a pseudonym: two of 10,000 people share one in 4 % of all such sets


class People(Table):
    """How annotators and reviewers are called in shards, ledger, `reviews.arrow` and reports."""

    names: Literal["pseudonyms", "keep"] = "pseudonyms"
    """pseudonyms: each is `person-` and ten characters, the same in every file and every run | keep: as the rows say"""
    key: str = ""
    """who knows it and a name can find the pseudonym; name a variable of the environment (`${NAME}`), so that it stands
    in no file. Equal keys give equal pseudonyms; without one, anybody who guesses a name can check the guess"""

    def called(self, name: str | None) -> str | None:
        """What a person is called."""
        if name is None or self.names == "keep":
            return name
        secret = blake2b(self.key.encode()).digest()
        return f"person-{blake2b(name.encode('utf-8', 'replace'), key=secret, digest_size=_BYTES).hexdigest()}"

    def renamed(self, row: Mapping[str, object]) -> dict[str, object]:
        """A decision with the people in it called so."""
        names = {name: row[name] for name in _NAMED}
        return {**row, **{name: self.called(None if person is None else str(person)) for name, person in names.items()}}

    def as_published(self, given: str) -> dict[str, str]:
        """The table as a manifest has it: without the key, but with the variable that holds it.

        Args:
            given: the key as the config has it, a variable of the environment by its name.
        """
        secret = "(not shown)" if self.key else ""
        return {"names": self.names, "key": given if given != self.key else secret}
