"""What a git history says of a commit of the default branch: the lines it brought, and what became of them."""

from exporter.model.base import Actor, Event


class Landed(Event, frozen=True, tag="landed", array_like=True):
    """A commit landed, at its committer date and never before its parent.

    ``added`` lines are new, ``duplicated`` of them copies; ``moved`` ones came from elsewhere. ``touched``: lines added
    and deleted by hand, by layer of the test they are in, the product's under an empty name.

    Evidence of an origin names no person: ``account`` is a bot's or nobody's; ``ending`` of the author's name,
    ``address`` and ``markers`` of the message are kept only where a rule recognises them.
    """

    sha: str
    account: Actor
    ending: str
    address: str
    markers: tuple[str, ...]
    added: int
    duplicated: int
    moved: int
    touched: tuple[tuple[str, int], ...] = ()


class Aged(Event, frozen=True, tag="aged", array_like=True):
    """14 days after a commit landed: how many of the lines it ``added`` went by then (``churned``)."""

    added: int
    churned: int


class Removed(Event, frozen=True, tag="removed", array_like=True):
    """A later commit ``by`` took away ``lines`` that this one had brought to the product at most 30 days before.

    ``of`` is how many it took away in all. It is told of the commit that brought at least half of these.
    """

    by: str
    lines: int
    of: int


CodeEvent = Landed | Aged | Removed
