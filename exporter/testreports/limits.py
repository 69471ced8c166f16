"""How much an artifact may ask of us, and the words for what was left out."""

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

MIB = 1 << 20


class Limits(Struct, frozen=True):
    """What one artifact may cost. Bytes are counted as they are inflated; what a header says is not believed.

    ``entries``: files in the archive, wanted or not. ``members``: reports read. ``token_bytes``: one tag with its
    attributes, or one comment; from half of it on it depends on the version of Expat. ``elements`` and ``cases`` are
    sums over the archive.
    """

    entries: int = 20_000
    members: int = 5_000
    member_bytes: int = 64 * MIB
    total_bytes: int = 128 * MIB
    token_bytes: int = MIB
    depth: int = 64
    elements: int = 2_000_000
    cases: int = 200_000


class Reason(StrEnum):
    """Why a report in an archive was not read, or not counted after all: one that is read in part counts nothing."""

    UNSAFE_NAME = "unsafe_name"
    DUPLICATE = "duplicate"
    NOT_A_FILE = "not_a_file"
    ENCRYPTED = "encrypted"
    COMPRESSION = "compression"
    OVERLAPPING = "overlapping"
    DAMAGED = "damaged"
    TOO_MANY = "too_many"
    TOO_LARGE = "too_large"
    DOCTYPE = "doctype"
    ENCODING = "encoding"
    NOT_XML = "not_xml"
    NOT_JUNIT = "not_junit"


class LeftOut(Exception):
    """One report is not counted; the others of its archive are."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(slots=True)
class Budget:
    """What is left of the limits that hold for the whole archive. Work on a report that is left out is spent too."""

    bytes: int
    elements: int
    cases: int

    @classmethod
    def of(cls, limits: Limits) -> "Budget":
        """All of it."""
        return cls(limits.total_bytes, limits.elements, limits.cases)

    def read(self, count: int) -> None:
        """Spend inflated bytes."""
        self.bytes -= count
        if self.bytes < 0:
            raise LeftOut(Reason.TOO_LARGE)

    def element(self) -> None:
        """Spend one XML element."""
        self.elements -= 1
        if self.elements < 0:
            raise LeftOut(Reason.TOO_LARGE)

    def case(self) -> None:
        """Spend one test case."""
        self.cases -= 1
        if self.cases < 0:
            raise LeftOut(Reason.TOO_LARGE)
