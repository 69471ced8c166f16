"""The zip of an artifact: which of its files are test reports, and their bytes, under limits that hold while reading.

Nothing is written anywhere, nested archives are not opened, and only the two methods of compression that GitHub's
artifacts use are inflated: the others' decoders take their memory from a header.
"""

import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise

from exporter.errors import Unreadable
from exporter.globs import any_of
from exporter.testreports.junit import new_parser, read_report
from exporter.testreports.limits import Budget, LeftOut, Limits, Reason
from exporter.testreports.reports import Reports, Tally

DEFAULT_GLOBS = (
    "*test*.xml",  # TEST-com.acme.CartTest.xml of Surefire, Gradle and Ant; pytest.xml, test-results.xml
    "*unit*.xml",  # junit.xml of Jest, gotestsum, nextest, Playwright; phpunit.xml, xunit.xml
    "*spec*.xml",
    "report*.xml",  # go-junit-report
    "*results.xml",
    "e2e*.xml",
    "**/*test-results/**/*.xml",
    "**/*test-reports/**/*.xml",
    "**/*junit*/**/*.xml",
)
"""Names under which projects upload reports. Lower case here: case does not count. Files that match and are something
else, such as a coverage report, cost a glance at their first tag."""

LIMITS = Limits()
LONGEST_NAME = 300
CHUNK = 64 * 1024
_ENTRY = b"PK\x01\x02"  # begins every entry of a zip's directory
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ESCAPES = re.compile(r"/|[a-z]:|(?:.*/)?\.\.(?:/.*)?$", re.IGNORECASE | re.DOTALL)

# What zipfile raises for a file that is not as its directory says. It has no common ancestor.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OverflowError, RuntimeError, ValueError)


def read_archive(body: bytes, globs: Sequence[str] = DEFAULT_GLOBS, limits: Limits = LIMITS) -> Reports:
    """All reports of an artifact whose names match a glob, added up. A report that is left out costs no other.

    Raises:
        Unreadable: the whole is no zip, or has more entries than the limits allow.
    """
    tally, budget, left_out = Tally(), Budget.of(limits), Counter[str]()
    read = 0
    parser = new_parser()
    with _opened(body, limits) as archive:
        for info, fault in _wanted(archive.infolist(), globs, limits):
            try:
                chunks = _chunks(archive, info, fault, budget)
                tally.merge(read_report(parser, chunks, info.filename, limits, budget))
            except LeftOut as why:
                left_out[why.reason.value] += 1
            else:
                read += 1
    return tally.reports(read, left_out.items())


def _opened(body: bytes, limits: Limits) -> zipfile.ZipFile:
    # zipfile reads the whole directory before it can be asked how long it is. Every entry begins with this mark, so
    # there are at most as many entries as marks; a mark by chance inside compressed data is one in 4 billion bytes.
    if body.count(_ENTRY) > limits.entries:
        raise Unreadable(f"the artifact has more than {limits.entries} files; upload the test reports alone")
    try:
        return zipfile.ZipFile(BytesIO(body))
    except _DAMAGED as fault:
        raise Unreadable(f"the artifact is no readable zip: {fault}") from fault


def _wanted(
    infos: Sequence[zipfile.ZipInfo], globs: Sequence[str], limits: Limits
) -> Iterator[tuple[zipfile.ZipInfo, Reason | None]]:
    """The files whose names match, in the order of their names, each with what is wrong with its entry."""
    pattern = any_of(tuple(each.lower() for each in globs))
    times, overlapping = Counter(info.filename for info in infos), _overlapping(infos)
    seen = 0
    for info in sorted(infos, key=lambda each: each.filename):
        name = info.filename.replace("\\", "/")
        if len(name) <= LONGEST_NAME and (info.is_dir() or pattern.fullmatch(name.lower()) is None):
            continue
        fault = _fault(info, name, limits)
        if fault is None and times[info.filename] > 1:
            fault = Reason.DUPLICATE
        if fault is None and info.header_offset in overlapping:
            fault = Reason.OVERLAPPING
        seen += fault is None
        yield info, Reason.TOO_MANY if fault is None and seen > limits.members else fault


def _fault(info: zipfile.ZipInfo, name: str, limits: Limits) -> Reason | None:
    """What is wrong with an entry taken by itself."""
    if len(name) > LONGEST_NAME or "\0" in info.orig_filename or _ESCAPES.match(name):
        return Reason.UNSAFE_NAME
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return Reason.NOT_A_FILE
    if info.flag_bits & _ENCRYPTED:
        return Reason.ENCRYPTED
    if info.compress_type not in _METHODS:
        return Reason.COMPRESSION
    return Reason.TOO_LARGE if info.file_size > limits.member_bytes else None


def _overlapping(infos: Sequence[zipfile.ZipInfo]) -> frozenset[int]:
    """Where the entries begin that share bytes with the one after them (https://www.bamsoftware.com/hacks/zipbomb/)."""
    ordered = sorted(infos, key=lambda each: each.header_offset)
    return frozenset(
        info.header_offset
        for info, following in pairwise(ordered)
        if info.header_offset + info.compress_size >= following.header_offset
    )


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, fault: Reason | None, budget: Budget) -> Iterator[bytes]:
    """A file's bytes as they are inflated, counted; none of an entry with a fault.

    zipfile hands out at most what the header promised, so a header that lies can only make a file shorter.
    """
    if fault is not None:
        raise LeftOut(fault)
    try:
        with archive.open(info) as member:
            while chunk := member.read(CHUNK):
                budget.read(len(chunk))
                yield chunk
    except _DAMAGED as fault:
        raise LeftOut(Reason.DAMAGED) from fault
