"""nginx as a plain reverse proxy: one worker, kept connections to the upstream, no logs."""

from __future__ import annotations

import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from benchmarks.children import BenchmarkFailed, ChildProcess, free_port

_CONFIG = """\
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  upstream pods {{
    server 127.0.0.1:{upstream};
    keepalive 512;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://pods;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""


def start(upstream: int, folder: Path, core: int | None) -> tuple[ChildProcess, int]:
    """The process and its port, once it listens; Failed where nginx is not installed."""
    binary = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if binary is None:
        raise BenchmarkFailed("nginx is missing (Debian: apt-get install nginx)")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, upstream=upstream, port=port, user=user))
    child = ChildProcess("nginx", [binary, "-p", folder, "-c", config], folder / "nginx.log", core=core)
    try:
        child.wait_until(lambda: is_listening(port), 10, "listening")
    except BaseException:
        child.stop()
        raise
    return child, port


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on 127.0.0.1:`port`."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False
