"""The keys that a source of GitLab has beside those of every source, and which groups and projects they name."""

from typing import Annotated, NamedTuple

from msgspec import Struct

from exporter.providers.service import Setup

WILD = "*?["


class Options(Struct, frozen=True):
    """Which groups are read."""

    groups: Annotated[
        tuple[str, ...],
        "Groups by their full paths, such as `acme/platform`, with all their subgroups. Without any, those that "
        "`include` begins with.",
    ] = ()


class Scopes(NamedTuple):
    """What is asked for: groups with all that is below them, and single projects, by their full paths."""

    groups: tuple[str, ...]
    projects: tuple[str, ...]


def scopes(setup: Setup) -> Scopes:
    """The groups and projects that a source's keys name; a project below a named group is read with the group."""
    groups = [group.strip("/") for group in setup.options.groups]
    groups += [root for glob in setup.include if _wild(glob) and (root := _root(glob))]
    groups = [one for one in dict.fromkeys(groups) if not any(_below(one, other) for other in groups if other != one)]
    single = (glob.strip("/") for glob in setup.include if not _wild(glob))
    return Scopes(
        tuple(groups), tuple(dict.fromkeys(one for one in single if not any(_below(one, group) for group in groups)))
    )


def fault(setup: Setup) -> str:
    """What is wrong with them, with a remedy; empty for nothing."""
    open_to_all = [glob for glob in setup.include if _wild(glob) and not _root(glob)]
    if open_to_all and not setup.options.groups:
        return f"include has '{open_to_all[0]}', which leaves the group open; write groups"
    if not setup.options.groups and not setup.include:
        return "selects nothing; write groups, such as [acme], or include"
    return ""


def _wild(glob: str) -> bool:
    return any(sign in glob for sign in WILD)


def _root(glob: str) -> str:
    """The group that a glob is within: its parts before the first that is wild."""
    parts = glob.strip("/").split("/")[:-1]
    plain = next((place for place, part in enumerate(parts) if _wild(part)), len(parts))
    return "/".join(parts[:plain])


def _below(path: str, group: str) -> bool:
    return path.lower().startswith(f"{group.lower()}/")
