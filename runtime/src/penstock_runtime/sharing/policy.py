"""Whether rows of different callers share a predict: proven, not assumed.

For each kind of request (columns, params; `Reading.key`) answers of shared predicts are compared with those of the same
requests alone, at load (`proof`) or with the first real requests, and nobody shares before there is enough evidence.
From then on, now and then, callers of a shared predict are asked alone as well. The first difference stops sharing for
good, before that batch is answered. Who owns the model may say that its rows are independent; the structure of each
shared answer is compared all the same (`cutting`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from penstock_runtime.outputs.structures import References, Structure
from penstock_runtime.sharing.evidence import Evidence
from penstock_runtime.sharing.plans import APART, Finding, How, Plan, Report, Result

Reason = Literal["option", "example", "signature", "requests", "unproven", "dependent", "structure"]

FREE_BATCHES = 20
"""Batches of several callers that may be compared whatever it costs."""
REASKING_SHARE = 0.01
"""Of the time of all predicts, that comparing may take after those."""
REASKED = 2
"""Callers of one shared predict that are asked alone as well."""
PROOF_JOBS = 8
"""Callers of one batch that are compared while nothing is proven: they wait for one another."""
MAX_STRANGE = 3
"""Answers to one kind of request that cannot be cut, after which its callers do not share any more."""
MAX_KINDS_OF_REQUEST = 256


class Rule(StrEnum):
    """What the owner says (`NEVER`, `ALWAYS`), or whether requests may be asked twice (`REQUESTS`) or not (`LOAD`)."""

    NEVER = "never"
    ALWAYS = "always"
    REQUESTS = "requests"
    LOAD = "load"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether callers share, why, and in words."""

    shares: bool
    reason: Reason
    message: str


UNPROVEN = {
    Rule.REQUESTS: Verdict(
        False, "unproven", "nothing was compared yet; the first requests that come together will be"
    ),
    Rule.LOAD: Verdict(
        False, "unproven", "custom code is compared at load alone, and its example or signature did not show enough"
    ),
}
OWNERS = {
    Rule.NEVER: Verdict(False, "option", "the owner says that rows must not be mixed"),
    Rule.ALWAYS: Verdict(True, "option", "the owner says that rows are independent; only their structure is compared"),
}


@dataclass(slots=True)
class Proof:
    """What is known of one kind of request."""

    references: References = field(default_factory=References)
    evidence: Evidence = field(default_factory=Evidence)
    is_proven: bool = False
    strange: int = 0

    @property
    def known(self) -> References | None:
        """Structures that were seen; None before the first."""
        return self.references if self.references.counts else None


class Sharing:
    """All that is known of one model. `on_change` is called with each new verdict; `is_over`: nobody ever shares."""

    def __init__(self, rule: Rule, on_change: Callable[[Verdict], None] = lambda _: None) -> None:
        self.rule = rule
        self.on_change = on_change
        self.verdict = OWNERS.get(rule) or UNPROVEN[rule]
        self.batches = 0
        self.predict_s = 0.0
        self.reasking_s = 0.0
        self.is_over = rule is Rule.NEVER
        self._last_s = 0.0
        self._proofs: OrderedDict[Hashable, Proof] = OrderedDict()

    def plan(self, key: Hashable | None) -> Plan:
        """How the next batch of this kind of request is predicted."""
        if self.is_over or key is None:
            return APART
        proof = self.proof_of(key)
        if proof.strange >= MAX_STRANGE:
            return APART
        if self.rule is Rule.ALWAYS:
            return Plan(How.SHARED, proof.known)
        if proof.is_proven:
            return Plan(How.SHARED, proof.known, REASKED if self._may_reask(REASKED) else 0)
        return Plan(How.PROOF) if self._may_reask(1) else APART

    def learn(self, key: Hashable | None, plan: Plan, callers: int, report: Report) -> None:
        """A batch of several callers was predicted."""
        self._last_s = report.seconds
        self.predict_s += report.seconds * (callers if plan.how is not How.SHARED else 1)
        if plan.how is How.APART or callers < 2:
            return
        self.batches += 1
        self.reasking_s += report.reasking_s
        self.take(key, report.finding, "requests")

    def take(self, key: Hashable | None, finding: Finding, reason: Reason) -> None:
        """What comparing has shown, at load or with requests."""
        if self.is_over or key is None:
            return
        proof = self.proof_of(key)
        for name, kinds, rows in finding.structures:
            proof.references.add(Structure(name, frozenset(kinds)), rows)
        if finding.result is Result.DIFFERENT and self.rule is not Rule.ALWAYS:
            self._stop(Verdict(False, "dependent", finding.why))
        elif finding.result is Result.EQUAL:
            proof.evidence.add(finding.rows, finding.answers)
            if reason == "requests" and not proof.is_proven and proof.evidence.is_enough:
                self.prove(proof, reason)
        elif finding.is_strange:
            self._strange(proof, finding)

    def prove(self, proof: Proof, reason: Reason) -> None:
        """Callers share from now on."""
        proof.is_proven = True
        if self.rule is not Rule.ALWAYS and not self.verdict.shares:
            said = f"{proof.evidence.rows} rows of {_WHERE[reason]} had the same answers together as alone"
            self._say(Verdict(True, reason, said))

    def proof_of(self, key: Hashable) -> Proof:
        """What is known of one kind of request."""
        proof = self._proofs.pop(key, None) or Proof()
        self._proofs[key] = proof
        if len(self._proofs) > MAX_KINDS_OF_REQUEST:
            self._proofs.popitem(last=False)
        return proof

    def refuse(self, proof: Proof, why: str) -> None:
        """Answers to this kind of request are not rows."""
        proof.strange = MAX_STRANGE
        others = [each for each in self._proofs.values() if each is not proof]
        if not any(each.is_proven for each in others):
            self._say(Verdict(False, "structure", why))

    def _strange(self, proof: Proof, finding: Finding) -> None:
        """An answer cannot be cut, or not as those alone: its callers were answered alone."""
        proof.strange += 1
        if proof.strange == MAX_STRANGE:
            self.refuse(proof, finding.why)

    def _stop(self, verdict: Verdict) -> None:
        self.is_over = True
        self._proofs.clear()
        self._say(verdict)

    def _say(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.on_change(verdict)

    def _may_reask(self, predicts: int) -> bool:
        """Whether so many predicts more are within their share; custom code is never asked twice."""
        if self.rule is not Rule.REQUESTS:
            return False
        if self.batches < FREE_BATCHES:
            return True
        return self.reasking_s + predicts * self._last_s <= REASKING_SHARE * self.predict_s


_WHERE = {"example": "the model's example", "signature": "made-up requests", "requests": "the first requests"}
