"""Ports: names a busy one and who holds it, and opens the sockets that outlive a restart."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import fields

import psutil

from penstock.launcher.home import HOST, LaunchError, Ports

PORT_NAMES = {
    "api": ("control plane", "PENSTOCK_API_PORT"),
    "data": ("data plane", "PENSTOCK_PORT"),
    "nats": ("NATS", "PENSTOCK_NATS_PORT"),
    "mlflow": ("MLflow", "PENSTOCK_MLFLOW_PORT"),
}
BACKLOG = 1024
"""Callers that may queue while a service restarts; the system cuts it to its own limit (net.core.somaxconn)."""


def bind_all(ports: Ports) -> dict[str, socket.socket]:
    """A bound socket per named port, so that a busy one is known before anything starts; raises LaunchError."""
    numbers = [getattr(ports, field.name) for field in fields(ports)]
    if len(set(numbers)) < len(numbers):
        raise LaunchError(f"the four ports must differ, not {', '.join(map(str, numbers))}")
    opened: dict[str, socket.socket] = {}
    try:
        for field in fields(ports):
            opened[field.name] = bind_socket(field.name, getattr(ports, field.name))
    except LaunchError:
        for sock in opened.values():
            sock.close()
        raise
    return opened


def bind_socket(name: str, port: int) -> socket.socket:
    """A socket bound to 127.0.0.1:`port`, not yet listening; a busy port is named, with its owner where known."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError as error:
        sock.close()
        what, variable = PORT_NAMES[name]
        reason = f"is in use{_owner(port)}" if error.errno != 13 else "may not be opened by this user"
        raise LaunchError(f"port {port} ({what}) {reason}; free it or set {variable} to another one") from None
    return sock


def _owner(port: int) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("inet"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""
