"""The keys that a source of Jenkins has beside those of every source."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Struct, field

from exporter.providers.base import Home
from exporter.providers.service import Setup

WILD = "*?["


class Options(Struct, frozen=True):
    """Which jobs are read, and of which repository they are where they do not say so."""

    folders: Annotated[
        tuple[str, ...],
        "Folders, organisation folders and jobs by their full names, such as `platform/shop`, as globs in which `*` "
        "also spans `/`; without any all that the user sees.",
    ] = ()
    jobs: Annotated[
        dict[str, str],
        "Repositories as owner/name, by globs over full names of jobs, where builds do not say what they checked out.",
    ] = field(default_factory=dict)


def roots(options: Options) -> tuple[str, ...]:
    """The folders to ask, which hold all that is wanted; empty text for the whole server."""
    found = [_plain(each) for each in options.folders] or [""]
    return tuple(one for one in dict.fromkeys(found) if not any(_below(one, other) for other in found if other != one))


def wanted(name: str, folders: Sequence[str]) -> bool:
    """Whether a job of this full name is read: a glob matches it, or a folder that it is in."""
    if not folders:
        return True
    parts = name.split("/")
    places = ["/".join(parts[:size]) for size in range(1, len(parts) + 1)]
    return any(fnmatchcase(place, glob.strip("/")) for glob in folders for place in places)


def mapped(name: str, jobs: Mapping[str, str], homes: Sequence[Home]) -> Home | None:
    """The repository that a job was said to be of."""
    wanted_name = next((repository for glob, repository in jobs.items() if fnmatchcase(name, glob)), "")
    return next((home for home in homes if home.name.lower() == wanted_name.lower()), None)


def fault(setup: Setup) -> str:
    """What is wrong with them, with a remedy; empty for nothing."""
    bare = next((each for each in setup.options.jobs.values() if "/" not in each), None)
    return f"jobs has '{bare}', which is no repository; write owner/name" if bare is not None else ""


def _plain(glob: str) -> str:
    """The folder that a glob is within, or is."""
    parts = glob.strip("/").split("/")
    place = next((number for number, part in enumerate(parts) if any(sign in part for sign in WILD)), len(parts))
    return "/".join(parts[:place])


def _below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")
