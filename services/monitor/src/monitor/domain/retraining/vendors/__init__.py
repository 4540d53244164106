"""Systems that retrain, each with the requests that it takes and what its answers mean."""

from monitor.domain.retraining.vendors.airflow import AirflowVendor
from monitor.domain.retraining.vendors.argo import ArgoVendor
from monitor.domain.retraining.vendors.github import GithubVendor
from monitor.domain.retraining.vendors.port import Ask, Vendor, token_of
from monitor.domain.retraining.vendors.webhook import WebhookVendor
from shared.contracts.retraining import AirflowAction, ArgoAction, GithubAction, WebhookAction

__all__ = ["Ask", "Vendor", "token_of", "vendor_of"]


def vendor_of(action: WebhookAction | AirflowAction | ArgoAction | GithubAction) -> Vendor:
    """The system of an action."""
    match action:
        case WebhookAction():
            return WebhookVendor(action)
        case AirflowAction():
            return AirflowVendor(action)
        case ArgoAction():
            return ArgoVendor(action)
        case GithubAction():
            return GithubVendor(action)
