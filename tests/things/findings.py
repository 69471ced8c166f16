"""Random findings of scanners: seen on heads of changes or at a commit, dismissed and taken up again."""

import msgspec
from hypothesis import strategies as st

from exporter.catalogue import HOUR
from exporter.model import Fact, FilesChanged, Found, Judged, Merged, Severity, Thing
from tests.things.base import NUMBER, SHAS, Case, Other, shas, subject, times

LOCK = "web/yarn.lock"


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """The facts of one finding; it may be judged several times, in any order."""
    at = draw(times)
    heads = tuple(draw(st.lists(st.sampled_from((1, 2, 3, NUMBER)), unique=True, max_size=3)))
    commits = () if heads else tuple(draw(st.lists(shas, unique=True, max_size=2)))
    manifest = "" if heads or commits else draw(st.sampled_from(("", LOCK)))
    told: list[Fact] = [Found("found", at, draw(st.sampled_from(Severity)), heads, commits, manifest)]
    for place, later in enumerate(draw(st.lists(times, max_size=3))):
        told.append(Judged(f"judged{place}", max(at, later), draw(st.booleans())))
    return told


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    from tests.things import changes  # they know each other

    told = draw(facts())
    found = told[0]
    others = [draw(changes.other(number)) for number in range(1, draw(st.integers(0, 3)) + 1)]
    if isinstance(found, Found) and (found.commits or found.manifest) and draw(st.booleans()):
        others = [_scanned(each, found, draw(st.sampled_from((0, 60, HOUR, HOUR + 1)))) for each in others]
    return Case(subject(Thing.FINDING, 80), told, tuple(others))


def _scanned(other: Other, found: Found, before: int) -> Other:
    """The same change, merged so long before as the commit, or with the file, of which something was found."""
    merge = Merged("merged", found.at - before, found.commits[0] if found.commits else SHAS[2])
    files = FilesChanged("files", merge.at, ((found.manifest or "a.py", 1, 1),))
    kept = [each for each in other.events if not isinstance(each, Merged) and each.at <= merge.at]
    first = [msgspec.structs.replace(other.events[0], at=min(other.events[0].at, merge.at))]
    return Other(other.subject, [*first, *(each for each in kept if each.id != first[0].id), merge, files])


cases = _cases()
