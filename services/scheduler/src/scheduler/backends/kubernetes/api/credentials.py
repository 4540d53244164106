"""How the API server is reached, and as whom: a kubeconfig, or the service account of the pod that this runs in.

Reading them is the `kubernetes` library's part: contexts, client certificates, exec plugins, OIDC, tokens that rotate.
It is imported here alone, and only once a cluster is to be reached: it takes a second of CPU.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scheduler.backends.kubernetes.api.errors import ApiAway

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class Unconfigured(ApiAway):
    """No credentials, or ones that cannot be used."""


@dataclass(frozen=True)
class Connection:
    """Where the API server is, and how its connections are secured."""

    host: str
    tls: ssl.SSLContext | None
    server_name: str | None = None
    proxy: str | None = None


class Credentials:
    """Of one cluster; `kubeconfig` None: what `KUBECONFIG` or `~/.kube/config` says, else the pod's own account."""

    def __init__(self, kubeconfig: Path | None = None, context: str | None = None, scratch: Path | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._scratch = scratch
        self._configuration: Any = None

    async def connect(self) -> Connection:
        """Read the credentials anew. Raises `Unconfigured`."""
        from kubernetes.aio import client, config  # noqa: PLC0415 - takes a second of CPU

        found = client.Configuration()
        try:
            if self._is_own_account():
                config.load_incluster_config(client_configuration=found)
            else:
                await config.load_kube_config(
                    config_file=str(self._kubeconfig) if self._kubeconfig else None,
                    context=self._context,
                    client_configuration=found,
                    persist_config=False,
                    temp_file_path=str(self._scratch) if self._scratch else None,
                )
            tls = _tls(found)
        except Exception as error:  # plugins, files and addresses of any kind
            raise Unconfigured(f"the cluster's credentials cannot be read: {error}") from error
        self._configuration = found
        return Connection(found.host, tls, found.tls_server_name, found.proxy)

    async def authorization(self) -> str | None:
        """The value of the header `Authorization` now; a token that rotates is read again every minute."""
        try:
            token = await self._configuration.get_api_key_with_prefix("BearerToken")
        except (OSError, ValueError) as error:
            raise Unconfigured(f"the cluster's token cannot be read: {error}") from error
        return str(token) if token else None

    def _is_own_account(self) -> bool:
        is_named = self._kubeconfig or self._context or os.environ.get("KUBECONFIG")
        return not is_named and bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def own_namespace() -> str | None:
    """The namespace of the pod that this runs in; None elsewhere."""
    try:
        return NAMESPACE_FILE.read_text().strip() or None
    except OSError:
        return None


def _tls(configuration: Any) -> ssl.SSLContext | None:
    if not configuration.host.startswith("https"):
        return None
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    # Clusters are their own authorities, and many of those lack the key identifiers that Python asks for since 3.13.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, keyfile=configuration.key_file)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
