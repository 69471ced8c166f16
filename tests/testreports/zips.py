"""Zips as the tests need them: honest ones by zipfile, and dishonest ones by changing bytes of its directory."""

import struct
import zipfile
from io import BytesIO

DIRECTORY, LOCAL = b"PK\x01\x02", b"PK\x03\x04"
CASES = '<testcase classname="shop.Cart" name="adds" time="0.5"/>'


def suite(*cases: str, name: str = "shop") -> str:
    """One report of one suite."""
    return f'<testsuite name="{name}">{"".join(cases)}</testsuite>'


def zipped(**files: str | bytes) -> bytes:
    """An archive of reports; ``junit=...`` becomes junit.xml."""
    return packed({f"{name}.xml": text for name, text in files.items()})


def packed(files: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these names and contents."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return target.getvalue()


def patched(archive: bytes, at: int, form: str, value: int, *, local_at: int | None = None, entry: int = 0) -> bytes:
    """The archive with one field of an entry of the directory changed, and of the local header where that has it."""
    changed = bytearray(archive)
    start = _nth(archive, DIRECTORY, entry)
    struct.pack_into(form, changed, start + at, value)
    if local_at is not None:
        struct.pack_into(form, changed, _nth(archive, LOCAL, entry) + local_at, value)
    return bytes(changed)


def _nth(archive: bytes, mark: bytes, number: int) -> int:
    start = archive.index(mark)
    for _ in range(number):
        start = archive.index(mark, start + 1)
    return start
