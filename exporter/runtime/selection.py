"""Which repositories a source reads, and in which words a search finds them."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from exporter.model import Repository

NAMED_PER_SEARCH = 20
"""Repositories named in one search; a longer query may be refused."""


class Selection(Struct, frozen=True):
    """What ``include``, ``exclude`` and their companions say; globs over owner/name, case does not count."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    archived: bool = False
    forks: bool = False

    def takes(self, repository: Repository, *, named: bool = False) -> bool:
        """Whether a repository is read; ``named``: a name of ``include`` led to it, which may be an old one."""
        name = repository.name.lower()
        if self.include and not named and not _any(self.include, name):
            return False
        if (
            _any(self.exclude, name)
            or (repository.archived and not self.archived)
            or (repository.fork and not self.forks)
        ):
            return False
        return not self.topics or bool({topic.lower() for topic in self.topics} & set(repository.topics))

    def listed_owners(self) -> list[str]:
        """Logins whose repositories have to be listed: named ones, and those of patterns that are no exact name."""
        named = [owner.lower() for owner in self.owners]
        for pattern in self.include:
            owner, _, name = pattern.lower().partition("/")
            if not _wild(owner) and (_wild(name) or not name):
                named.append(owner)
        return list(dict.fromkeys(named))

    def open_to(self, owner: str) -> bool:
        """Whether an owner that is not named may hold selected repositories: a pattern or everything is open to it."""
        if not self.include:
            return not self.owners
        patterns = (pattern.lower().partition("/")[0] for pattern in self.include)
        return any(_wild(pattern) and fnmatchcase(owner, pattern) for pattern in patterns)

    def exact_names(self) -> list[str]:
        """Repositories that are named outright and whose owner is not listed anyhow."""
        listed = set(self.listed_owners())
        names = [each for each in self.include if not _wild(each) and each.lower().partition("/")[0] not in listed]
        return list(dict.fromkeys(names))


def _wild(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


def _any(globs: Iterable[str], name: str) -> bool:
    return any(fnmatchcase(name, glob.lower()) for glob in globs)


def scopes(names: Sequence[str], owned: Mapping[str, int]) -> list[str]:
    """Search qualifiers that find the changes of some repositories, in as few searches as may be.

    ``owned`` says how many repositories each owner (lower case) has in all, as far as that is known. Where most of an
    owner's are wanted, or too many to name, the owner is searched; else the repositories are named.
    """
    by_owner: dict[str, list[str]] = {}
    for name in names:
        by_owner.setdefault(name.partition("/")[0].lower(), []).append(name)
    whole: list[str] = []
    named: list[str] = []
    for owner, wanted in sorted(by_owner.items()):
        most = owner in owned and len(wanted) > 1 and len(wanted) * 2 > owned[owner]
        if most or len(wanted) > NAMED_PER_SEARCH:
            whole.append(f"user:{owner}")
        else:
            named.extend(f"repo:{name}" for name in sorted(wanted))
    packs = [whole[start : start + NAMED_PER_SEARCH] for start in range(0, len(whole), NAMED_PER_SEARCH)]
    packs += [named[start : start + NAMED_PER_SEARCH] for start in range(0, len(named), NAMED_PER_SEARCH)]
    return [" ".join(pack) for pack in packs]
