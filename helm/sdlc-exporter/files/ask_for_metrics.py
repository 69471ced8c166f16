#!/usr/bin/env python3
"""What `helm test` runs: asks the exporter for its metrics as a Prometheus would, until it answers.

Arguments: URL, folder in which there may be ca.crt, username and password, and seconds to keep trying.
"""

import base64
import re
import ssl
import sys
import time
import urllib.request
from pathlib import Path

url, folder, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])

request = urllib.request.Request(url)  # noqa: S310 - the chart's own address
if (folder / "password").exists():
    user = b":".join((folder / name).read_bytes().strip() for name in ("username", "password"))
    request.add_header("Authorization", f"Basic {base64.b64encode(user).decode()}")

if (folder / "ca.crt").exists():
    tls = ssl.create_default_context(cafile=folder / "ca.crt")
elif url.startswith("https:") and request.has_header("Authorization"):
    sys.exit(f"{url}: there is a password for it, and no ca.crt that says whom it may be told")
else:
    # Nobody said whom to trust; what is asked here is only whether somebody answers.
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE

deadline = time.monotonic() + seconds
while True:
    try:
        with urllib.request.urlopen(request, timeout=10, context=tls) as answer:  # noqa: S310
            text = answer.read().decode()
        break
    except OSError as error:
        if time.monotonic() > deadline:
            sys.exit(f"{url}: {error}")
        time.sleep(1)

found = re.search(r"^sdlc_exporter_build_info\{.*\} 1(\.0)?$", text, flags=re.MULTILINE)
if not found:
    sys.exit(f"{url} answers, and is no sdlc-exporter: there is no sdlc_exporter_build_info")
samples = len(re.findall(r"^[^#\s]", text, flags=re.MULTILINE))
sys.stdout.write(f"{found[0]}\n{samples} samples\n")
