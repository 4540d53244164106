"""Tickets: each opens the model of one version in one configuration, and nothing else, for as long as that is wanted.

A ticket is made of what it opens and the key of this home, as the tokens of pods are: nothing is stored for it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from uuid import UUID

from scheduler.backends.pod_api.tokens import PodTokens
from scheduler.domain.rollout import configuration_of, template_of
from shared.contracts.deployment import Deployment


@dataclass(frozen=True)
class Ticket:
    """What a ticket opens."""

    version_id: UUID
    configuration: str


class Tickets:
    """Makes tickets, and reads those that it made."""

    def __init__(self, tokens: PodTokens) -> None:
        self._tokens = tokens

    def of(self, deployment: Deployment) -> str:
        """The ticket of a version's pods."""
        return self._written(Ticket(deployment.version_id, configuration_of(template_of(deployment))))

    def read(self, text: str) -> Ticket | None:
        """What a ticket opens; None where it is none of ours."""
        version, _, rest = text.partition(".")
        configuration, _, _ = rest.partition(".")
        try:
            found = Ticket(UUID(version), configuration)
        except ValueError:
            return None
        return found if hmac.compare_digest(self._written(found).encode(), text.encode()) else None

    def _written(self, ticket: Ticket) -> str:
        opens = f"{ticket.version_id}.{ticket.configuration}"
        return f"{opens}.{self._tokens.of(f'ticket {opens}')}"
