"""A hand-made world that is served, and a configuration that reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.double import Double, hand_made, serve
from tests.double.hand import HandMade
from tests.system.processes import configuration

END = "2025-06-29T00:00:00Z"
"""A day before that world ends: every story is over."""


class Place:
    """Where a test finds both."""

    def __init__(self, folder: Path, stories: HandMade, double: Double) -> None:
        self.folder = folder
        self.stories = stories
        self.double = double
        self.config = configuration(folder, double.url)

    def url(self, story: str) -> str:
        """The web address of a story's pull request."""
        pull = self.stories.pulls[story]
        return f"{self.double.url}/{pull.repository.name}/pull/{pull.number}"


@contextmanager
def placed(folder: Path) -> Iterator[Place]:
    """Serves a world for the length of a block; ``folder`` takes the configuration, the token and the store."""
    stories = hand_made()
    with serve(stories.world, fast=True, clock="world") as double:
        yield Place(folder, stories, double)
