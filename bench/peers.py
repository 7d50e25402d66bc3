"""Who takes part: the upstreams, nginx as the measure, and the proxy under test."""

import os
import shlex
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import payloads, processes

FAULTLINE = "{python} -m proxy serve --config {config}"
READY = 15.0

NGINX = """
{user}
worker_processes 1;
daemon off;
pid {dir}/{name}.pid;
error_log stderr error;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {dir}/{name}-body;
  proxy_temp_path {dir}/{name}-proxy;
  fastcgi_temp_path {dir}/{name}-fastcgi;
  uwsgi_temp_path {dir}/{name}-uwsgi;
  scgi_temp_path {dir}/{name}-scgi;
  keepalive_requests 100000000;
  keepalive_timeout 600;
  {http}
}}
"""
ANSWER = """
  default_type application/json;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 '{body}'; }} }}
"""
PROXY = """
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_buffering off;
  client_header_buffer_size 16k;
  client_body_buffer_size 64k;
  proxy_read_timeout 600s;
  upstream unary {{ server 127.0.0.1:{unary}; keepalive 256; keepalive_requests 100000000; }}
  upstream stream {{ server 127.0.0.1:{stream}; keepalive 2048; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ proxy_pass http://unary; }} }}
  server {{ listen 127.0.0.1:{second} backlog=4096; location / {{ proxy_pass http://stream; }} }}
"""
TABLE = """\
version: 1
listen: 127.0.0.1:{port}
console: 127.0.0.1:{console}
backends:
  unary:
    {{provider: openai-compatible, dialect: openai, url: "{base}:{unary}/v1", key: none}}
  stream:
    {{provider: openai-compatible, dialect: openai, url: "{base}:{stream}/v1", key: none}}
  spare:
    {{provider: openai-compatible, dialect: openai, url: "{base}:{unary}/v1", key: none}}
routes:
  - {{name: unary, match: {{model: bench-unary}}, tiers: [[unary], [spare]]}}
  - {{name: stream, match: {{model: bench-stream}}, tiers: [[stream], [spare]]}}
"""


@dataclass(frozen=True)
class Peer:
    """A proxy that is measured; without a process it is the way around any proxy."""

    name: str
    unary: int
    stream: int
    pid: int | None = None
    console: int = 0


@dataclass(frozen=True)
class Stage:
    """Everything that runs during a benchmark."""

    direct: Peer
    nginx: Peer
    subject: Peer
    proxy_core: int
    load_core: int


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def nginx(place: Path, name: str, http: str) -> list[str]:
    user = "user root;" if os.geteuid() == 0 else ""
    config = place / f"{name}.conf"
    config.write_text(NGINX.format(user=user, dir=place, name=name, http=http))
    return [processes.tool("nginx"), "-c", str(config)]


def proxy_command(place: Path, name: str, proxy: str, ports: dict[str, int]) -> list[str]:
    """The command line of a proxy; `nginx` stands for nginx itself."""
    if proxy == "nginx":
        return nginx(place, name, PROXY.format(**ports))
    config = place / f"{name}.yaml"
    config.write_text(TABLE.format(base="http://127.0.0.1", **ports))
    words = shlex.split(proxy)
    return [word.format(config=config, python=sys.executable, **ports) for word in words]


@contextmanager
def stage(place: Path, proxy: str, events: int, per_write: int) -> Iterator[Stage]:
    proxy_core, load_core = processes.cores()
    unary, stream = free_port(), free_port()
    answer = ANSWER.format(port=unary, body=payloads.answer())
    quick = [sys.executable, "-m", "bench.upstream", "--port", str(stream)]
    quick += ["--events", str(events), "--per-write", str(per_write)]
    with ExitStack() as stack:

        def start(core: int, name: str, command: list[str]) -> int:
            return stack.enter_context(processes.running(core, command, place / f"{name}.log"))

        def peer(name: str, kind: str) -> Peer:
            port, second = free_port(), free_port()
            ports = {"port": port, "second": second, "unary": unary, "stream": stream}
            console = free_port()
            command = proxy_command(place, name, kind, ports | {"console": console})
            pid = start(proxy_core, name, command)
            return Peer(name, port, second if kind == "nginx" else port, pid, console)

        start(load_core, "upstream", nginx(place, "upstream", answer))
        start(load_core, "streams", quick)
        direct = Peer("direct", unary, stream)
        made = Stage(direct, peer("nginx", "nginx"), peer("proxy", proxy), proxy_core, load_core)
        for one in (made.direct, made.nginx, made.subject):
            ready(one, place)
        yield made


def ready(peer: Peer, place: Path) -> None:
    """Wait until a peer answers a unary request with 200."""
    url = f"http://127.0.0.1:{peer.unary}{payloads.PATH}"
    headers = {"content-type": "application/json", payloads.KIND: "unary"}
    data = payloads.chat(payloads.MODEL_UNARY, stream=False)
    request = urllib.request.Request(url, data, headers)
    last = ""
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline and not processes.ended(peer.pid):
        try:
            with urllib.request.urlopen(request, timeout=2) as response:
                response.read()
                return
        except OSError as error:
            last = str(error)
            time.sleep(0.1)
    log = place / f"{peer.name}.log"
    told = log.read_text()[-2000:] if log.exists() else ""
    raise processes.MissingError(f"bench: {peer.name} does not answer at {url}: {last}\n{told}")
