"""What settings say, as the parts that the composition root is made of: limits, registries, who signs in, the vault."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import urlsplit

from controller.api.app import ApiAccess
from controller.api.middleware.console import Bundle, installed_bundle
from controller.clients.mlflow import MlflowRegistry
from controller.clients.oidc import OidcIssuer, OidcOptions
from controller.clients.oidc_sign_in import OidcSignIn
from controller.clients.registry_clients import RegistryClients, auth_of
from controller.domain.inference_tables.locations import TableRoot
from controller.domain.registries.secrets import Vault
from controller.domain.services.terminals import TerminalLimits
from controller.handlers.registries.registries import ModelRegistries
from controller.handlers.registries.secrets import vault_from_keys
from controller.handlers.unit_of_work import InstallationLimits
from controller.settings import ControllerSettings
from shared.clock import Clock
from shared.database import Database
from shared.security.addresses import AddressRule

ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104  (where a socket is bound; never a host to be called by)


def access_of(settings: ControllerSettings) -> ApiAccess:
    """What comes in, and the console's files."""
    return ApiAccess(api_hosts(settings), Bundle(settings.console or installed_bundle()))


def api_hosts(settings: ControllerSettings) -> frozenset[str]:
    """Host names that requests may be sent to, besides localhost."""
    own = urlsplit(settings.console_url or "").hostname
    return frozenset({settings.host, *settings.allowed_hosts, *([own] if own else [])} - ANY_ADDRESS)


def limits_of(settings: ControllerSettings) -> InstallationLimits:
    """The installation's limits."""
    own = TableRoot(PurePosixPath(settings.home.resolve() / "tables"), is_platform=True)
    roots = (own, *(TableRoot.parse(root) for root in settings.table_roots))
    retrainers = AddressRule.of(settings.allowed_retrainers, "CONTROLLER_ALLOWED_RETRAINERS")
    return InstallationLimits(
        settings.max_active_versions, roots, settings.token_lifetime, settings.currency, retrainers
    )


def terminal_limits_of(settings: ControllerSettings) -> TerminalLimits:
    """The limits of sessions inside pods."""
    return TerminalLimits(
        idle=settings.terminal_idle,
        lifetime=settings.terminal_lifetime,
        sessions_of_user=settings.terminal_sessions,
        role=settings.terminal_role,
        recordings=settings.terminal_recordings,
        recording_bytes=settings.terminal_recording_limit,
    )


def registries_of(settings: ControllerSettings, database: Database, clock: Clock) -> ModelRegistries:
    """The platform's tracking server, and those that secrets describe."""
    timeout_s = settings.mlflow_timeout.total_seconds()
    password, token = (
        given.get_secret_value() if given else None for given in (settings.mlflow_password, settings.mlflow_token)
    )
    auth = auth_of(settings.mlflow_username, password, token)
    own = MlflowRegistry(settings.mlflow_url, clock, timeout_s=timeout_s, auth=auth)
    clients = RegistryClients(clock, timeout_s)
    return ModelRegistries(own, clients, database, _vault(settings), settings.allowed_registries)


def identity_of(settings: ControllerSettings, clock: Clock) -> OidcIssuer | None:
    """The identity provider, where one is configured."""
    if settings.oidc_issuer is None:
        return None
    options = OidcOptions(
        settings.oidc_issuer, settings.oidc_audience, settings.oidc_name_claim, settings.oidc_roles_claim
    )
    return OidcIssuer(options, clock)


def provider_of(settings: ControllerSettings, issuer: OidcIssuer | None) -> OidcSignIn | None:
    """Where people sign in to the console, where the provider knows it."""
    if issuer is None or settings.oidc_client_id is None:
        return None
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
    return OidcSignIn(issuer, settings.oidc_client_id, secret, settings.oidc_scopes)


def _vault(settings: ControllerSettings) -> Vault:
    given = bytes.fromhex(settings.secret_key.get_secret_value()) if settings.secret_key else None
    older = [bytes.fromhex(key.get_secret_value()) for key in settings.old_secret_keys]
    return vault_from_keys(given, older, settings.home / "secret-key")
