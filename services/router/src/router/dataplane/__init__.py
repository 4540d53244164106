"""The request path: bytes in from a client, bytes out to a pod, and back. No framework, no JSON, no task a request."""

from router.dataplane.limits import DataPlaneLimits
from router.dataplane.server import DataPlane

__all__ = ["DataPlane", "DataPlaneLimits"]
