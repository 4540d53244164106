"""Prints the secret of credentials that the Helm chart makes by itself, for where Helm cannot look into the cluster.

    python3 deploy/kubernetes/credentials.py | kubectl -n penstock create -f -

Once for each installation: a second one would open nothing that the first has closed. Needs Python alone.
"""

from __future__ import annotations

import json
import secrets
import string
import sys

SERVICES = ("controller", "scheduler", "router", "monitor", "inference-logger")
KEYS = (
    *(f"nats-{user}-password" for user in (*SERVICES, "subscriber", "supervisor", "cluster")),
    *(f"{owner}-database-password" for owner in ("controller", "scheduler", "monitor", "inference-logger", "mlflow")),
    "postgresql-superuser-password",
    "admin-token",
    "object-store-access-key",
    "object-store-secret-key",
)
ALPHABET = string.ascii_letters + string.digits


def password() -> str:
    """A letter first: nats-server reads what looks like a number as one. No sign that a URL would have to escape."""
    return "p" + "".join(secrets.choice(ALPHABET) for _ in range(39))


def manifest(name: str = "penstock-credentials") -> dict[str, object]:
    """The secret."""
    values = {key: password() for key in KEYS} | {"secret-key": secrets.token_hex(32)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "stringData": values}


if __name__ == "__main__":
    print(json.dumps(manifest(*sys.argv[1:2]), indent=2))
