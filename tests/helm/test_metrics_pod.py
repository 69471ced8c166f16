"""The script of `helm test`, run as its pod does, against the exporter on the configuration that the chart writes."""

import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from exporter.runtime.web_config import load
from tests.helm.chart import config, needs_helm, one, render
from tests.runtime.test_web_config import certificate, hashed
from tests.system.processes import running

pytestmark = [needs_helm, pytest.mark.system]

WEB = """
webConfig:
  existingSecret: web
  tls: {enabled: true, existingSecret: tls}
  basicAuth: {enabled: true, existingSecret: user}
"""


def asked(url, folder, values="", seconds=5):
    """The pod's command against an address, with a folder for what would be mounted."""
    container = one(render(values), "Pod")["spec"]["containers"][0]
    program, *script = container["command"]
    address, mounted, patience = container["args"]
    assert (program, mounted, patience) == ("python", "/etc/sdlc-exporter-test", "60")
    assert address.endswith("://rel-sdlc-exporter.here.svc:9517/metrics")
    words = [sys.executable, "-W", "error", *script, url, str(folder), str(seconds)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def written(folder, values=""):
    """The chart's configuration, moved from the container into a folder, on any free port."""
    text = config(render(values)).replace("/var/lib/sdlc-exporter", str(folder)).replace(":9517", "127.0.0.1:0")
    path = folder / "config.yaml"
    path.write_text(text.replace("/etc/sdlc-exporter-web", str(folder)))
    return path


def test_it_finds_the_exporter(tmp_path):
    with running(tmp_path, "run", "-c", written(tmp_path)) as here:
        done = asked(f"{here.url}/metrics", tmp_path / "nothing")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"sdlc_exporter_build_info\{.*\} 1\.0\n[1-9]\d* samples\n", done.stdout)
    assert (tmp_path / "demo.db").exists()


def test_it_is_let_in_by_certificate_and_password(tmp_path):
    certificate(tmp_path, "tls")
    (tmp_path / "web-config.yaml").write_text(
        "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n"
        f"basic_auth_users: {{probe: {hashed('open sesame')}}}\n"
    )
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "username").write_text("probe\n")
    (mounted / "password").write_text("open sesame\n")
    with running(tmp_path, "run", "-c", written(tmp_path, WEB)) as here:
        url = f"https://localhost:{here.address[1]}/metrics"
        without_authority = asked(url, mounted, WEB)
        (mounted / "ca.crt").write_bytes((tmp_path / "tls.crt").read_bytes())
        with_authority = asked(url, mounted, WEB)
        certificate(mounted, "other")
        (mounted / "other.crt").replace(mounted / "ca.crt")
        with_another = asked(url, mounted, WEB, seconds=0)
        (mounted / "ca.crt").write_bytes((tmp_path / "tls.crt").read_bytes())
        (mounted / "password").write_text("guess")
        with_another_password = asked(url, mounted, WEB, seconds=0)
    assert with_authority.returncode == 0, with_authority.stderr
    assert "no ca.crt that says whom it may be told" in without_authority.stderr
    assert "certificate verify failed" in with_another.stderr
    assert "HTTP Error 401" in with_another_password.stderr
    assert {without_authority.returncode, with_another.returncode, with_another_password.returncode} == {1}


def test_the_web_configuration_that_the_chart_writes_is_one(tmp_path):
    """Where TLS is all that is asked for."""
    objects = render("webConfig: {tls: {enabled: true, existingSecret: tls}}")
    certificate(tmp_path, "tls")
    path = tmp_path / "web-config.yaml"
    path.write_text(one(objects, "ConfigMap", "rel-sdlc-exporter-web")["data"]["web-config.yaml"])
    assert load(path).tls.cert_file == str(tmp_path / "tls.crt")
    volumes = one(objects, "StatefulSet")["spec"]["template"]["spec"]["volumes"]
    (web,) = (each["projected"]["sources"] for each in volumes if each["name"] == "web")
    item = {"key": "web-config.yaml", "path": "web-config.yaml"}
    assert web == [{"secret": {"name": "tls"}}, {"configMap": {"name": "rel-sdlc-exporter-web", "items": [item]}}]


def test_it_fails_where_nobody_answers(tmp_path):
    done = asked("http://127.0.0.1:9/metrics", tmp_path, seconds=0)
    assert done.returncode == 1
    assert "Connection refused" in done.stderr


def test_it_fails_where_somebody_else_answers(tmp_path):
    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"up 1\n")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        done = asked(f"http://127.0.0.1:{server.server_port}/metrics", tmp_path)
        thread.join()
    assert done.returncode == 1
    assert "is no sdlc-exporter" in done.stderr
