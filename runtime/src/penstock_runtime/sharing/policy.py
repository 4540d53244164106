"""Whether rows of different callers share a predict: proven, not assumed.

For each kind of request (columns, params; `CheckedRequest.key`) answers of shared predicts are compared with those of
the same requests alone, at load (`startup.sharing_proof`) or with the first real requests, and no caller shares before
there is enough evidence. From then on, now and then, callers of a shared predict are asked alone as well. The first
difference stops sharing for good, before that batch is answered. Who owns the model may say that its rows are
independent; the structure of each shared answer is compared all the same (`outputs.slicing`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from penstock_runtime.outputs.structures import OutputStructure, StructureReferences
from penstock_runtime.sharing.evidence import Evidence
from penstock_runtime.sharing.plans import (
    SEPARATE,
    BatchPlan,
    BatchReport,
    ComparisonFinding,
    ComparisonResult,
    PredictMode,
)

Reason = Literal["option", "example", "signature", "requests", "unproven", "dependent", "structure"]

FREE_BATCHES = 20
"""Batches of several callers that may be compared whatever it costs."""
RECHECK_SHARE = 0.01
"""Of the time of all predicts, that comparing may take after those."""
RECHECKED_JOBS = 2
"""Callers of one shared predict that are asked alone as well."""
PROOF_JOBS = 8
"""Callers of one batch that are compared while nothing is proven: they wait for one another."""
MAX_UNSPLITTABLE = 3
"""Answers to one kind of request that cannot be cut, after which its callers do not share any more."""
MAX_KINDS_OF_REQUEST = 256


class SharingRule(StrEnum):
    """What the owner says (`NEVER`, `ALWAYS`), or whether requests may be asked twice (`REQUESTS`) or not (`LOAD`)."""

    NEVER = "never"
    ALWAYS = "always"
    REQUESTS = "requests"
    LOAD = "load"


@dataclass(frozen=True, slots=True)
class SharingVerdict:
    """Whether callers share, why, and in words."""

    shares: bool
    reason: Reason
    message: str


UNPROVEN = {
    SharingRule.REQUESTS: SharingVerdict(
        False, "unproven", "nothing was compared yet; the first requests that come together will be"
    ),
    SharingRule.LOAD: SharingVerdict(
        False, "unproven", "custom code is compared at load alone, and its example or signature did not show enough"
    ),
}
OWNERS = {
    SharingRule.NEVER: SharingVerdict(False, "option", "the owner says that rows must not be mixed"),
    SharingRule.ALWAYS: SharingVerdict(
        True, "option", "the owner says that rows are independent; only their structure is compared"
    ),
}


@dataclass(slots=True)
class SharingProof:
    """What is known of one kind of request."""

    references: StructureReferences = field(default_factory=StructureReferences)
    evidence: Evidence = field(default_factory=Evidence)
    is_proven: bool = False
    unsplittable: int = 0

    @property
    def known_structures(self) -> StructureReferences | None:
        """Structures that were seen; None before the first."""
        return self.references if self.references.counts else None


class SharingPolicy:
    """The state of one model. `on_change` is called with each new verdict; `is_disabled`: no caller ever shares."""

    def __init__(self, rule: SharingRule, on_change: Callable[[SharingVerdict], None] = lambda _: None) -> None:
        self.rule = rule
        self.on_change = on_change
        self.verdict = OWNERS.get(rule) or UNPROVEN[rule]
        self.batches = 0
        self.predict_s = 0.0
        self.recheck_s = 0.0
        self.is_disabled = rule is SharingRule.NEVER
        self._last_s = 0.0
        self._proofs: OrderedDict[Hashable, SharingProof] = OrderedDict()

    def plan_batch(self, key: Hashable | None) -> BatchPlan:
        """How the next batch of this kind of request is predicted."""
        if self.is_disabled or key is None:
            return SEPARATE
        proof = self.proof_for(key)
        if proof.unsplittable >= MAX_UNSPLITTABLE:
            return SEPARATE
        if self.rule is SharingRule.ALWAYS:
            return BatchPlan(PredictMode.SHARED, proof.known_structures)
        if proof.is_proven:
            return BatchPlan(
                PredictMode.SHARED, proof.known_structures, RECHECKED_JOBS if self._may_recheck(RECHECKED_JOBS) else 0
            )
        return BatchPlan(PredictMode.PROOF) if self._may_recheck(1) else SEPARATE

    def record_batch(self, key: Hashable | None, plan: BatchPlan, callers: int, report: BatchReport) -> None:
        """A batch of several callers was predicted."""
        self._last_s = report.seconds
        self.predict_s += report.seconds * (callers if plan.mode is not PredictMode.SHARED else 1)
        if plan.mode is PredictMode.SEPARATE or callers < 2:
            return
        self.batches += 1
        self.recheck_s += report.recheck_s
        self.record_finding(key, report.finding, "requests")

    def record_finding(self, key: Hashable | None, finding: ComparisonFinding, reason: Reason) -> None:
        """What comparing has shown, at load or with requests."""
        if self.is_disabled or key is None:
            return
        proof = self.proof_for(key)
        for name, kinds, rows in finding.structures:
            proof.references.add(OutputStructure(name, frozenset(kinds)), rows)
        if finding.result is ComparisonResult.DIFFERENT and self.rule is not SharingRule.ALWAYS:
            self._stop_sharing(SharingVerdict(False, "dependent", finding.why))
        elif finding.result is ComparisonResult.EQUAL:
            proof.evidence.add(finding.rows, finding.answers)
            if reason == "requests" and not proof.is_proven and proof.evidence.is_enough:
                self.accept_proof(proof, reason)
        elif finding.is_unsplittable:
            self._count_unsplittable(proof, finding)

    def accept_proof(self, proof: SharingProof, reason: Reason) -> None:
        """Callers share from now on."""
        proof.is_proven = True
        if self.rule is not SharingRule.ALWAYS and not self.verdict.shares:
            said = f"{proof.evidence.rows} rows of {_WHERE[reason]} had the same answers together as alone"
            self._set_verdict(SharingVerdict(True, reason, said))

    def proof_for(self, key: Hashable) -> SharingProof:
        """What is known of one kind of request."""
        proof = self._proofs.pop(key, None) or SharingProof()
        self._proofs[key] = proof
        if len(self._proofs) > MAX_KINDS_OF_REQUEST:
            self._proofs.popitem(last=False)
        return proof

    def stop_sharing_of(self, proof: SharingProof, why: str) -> None:
        """Answers to this kind of request are not rows."""
        proof.unsplittable = MAX_UNSPLITTABLE
        others = [each for each in self._proofs.values() if each is not proof]
        if not any(each.is_proven for each in others):
            self._set_verdict(SharingVerdict(False, "structure", why))

    def _count_unsplittable(self, proof: SharingProof, finding: ComparisonFinding) -> None:
        """An answer cannot be cut, or not as those alone: its callers were answered alone."""
        proof.unsplittable += 1
        if proof.unsplittable == MAX_UNSPLITTABLE:
            self.stop_sharing_of(proof, finding.why)

    def _stop_sharing(self, verdict: SharingVerdict) -> None:
        self.is_disabled = True
        self._proofs.clear()
        self._set_verdict(verdict)

    def _set_verdict(self, verdict: SharingVerdict) -> None:
        self.verdict = verdict
        self.on_change(verdict)

    def _may_recheck(self, predicts: int) -> bool:
        """Whether so many predicts more are within their share; custom code is never asked twice."""
        if self.rule is not SharingRule.REQUESTS:
            return False
        if self.batches < FREE_BATCHES:
            return True
        return self.recheck_s + predicts * self._last_s <= RECHECK_SHARE * self.predict_s


_WHERE = {"example": "the model's example", "signature": "made-up requests", "requests": "the first requests"}
