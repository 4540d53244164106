"""A request at a pod: sent over a pooled or a new connection, and again to another pod where that is safe."""

from __future__ import annotations

from time import monotonic

from router.dataplane.exchange.holding import ExchangeHolder
from router.dataplane.http import refusals
from router.dataplane.http.body import join_pieces
from router.dataplane.pods.connection import PodConnection
from router.domain.load_balancing import choose_pod, record_failure
from router.domain.outcome import trace_id_of
from router.domain.routes.entities import PathKind, RoutedPod

MAX_PODS_TRIED = 3
_ASKS_FOR_TIMINGS = b"X-Penstock-Timings: 1\r\n"


class ExchangeForwarder(ExchangeHolder):
    """Sends the request to a pod and notes when the pod fails."""

    def pod_connected(self, connection: PodConnection) -> None:
        """A new connection to the pod is open."""
        if self.is_finished or self.pod is not connection.pod or self.connection is not None:
            connection.return_to_pool()
        else:
            self._send(connection)

    def pod_connect_failed(self, pod: RoutedPod) -> None:
        """The pod refuses connections: nothing was sent, so that another pod, or the only one, is tried again."""
        if self.is_finished or self.pod is not pod:
            return
        self._leave_pod()
        other = self._other_pod() or (pod if self.tried_pods.count(pod) == 1 and not pod.is_retired else None)
        if other is not None and len(self.tried_pods) < MAX_PODS_TRIED:
            self._send_to(other)
        else:
            self._hold_until_reachable()

    def pod_connection_lost(self, *, before_first_byte: bool) -> None:
        """The connection broke: the request is sent once more if no byte of a response had come."""
        pod = self.pod
        self._record_pod_failure()
        if pod is not None and before_first_byte and not self.is_resent:
            self.is_resent = True
            self._send_to(self._other_pod() or pod, is_fresh=True)
        else:
            self._fail_response(refusals.UPSTREAM_FAILED)

    def invalid_response_received(self) -> None:
        """The pod's bytes are not a valid HTTP response."""
        self._record_pod_failure()
        self._fail_response(refusals.UPSTREAM_INVALID)

    def _send_to(self, pod: RoutedPod, *, is_fresh: bool = False) -> None:
        self.pod = pod
        self.tried_pods += (pod,)
        self.is_at_pod = True
        pod.outstanding += 1
        pod.tally.in_flight += 1
        self.context.in_flight += 1
        if pod.idle and not is_fresh:
            self._send(pod.idle.pop())
        else:
            self.context.connect(pod, self)

    def _send(self, connection: PodConnection) -> None:
        self.connection = connection
        if self.client.is_write_paused:
            connection.pause()
        head, target, version = self.head, self.target, self.version
        assert target is not None
        assert version is not None
        if head.traceparent is not None and (trace_id := trace_id_of(head.traceparent)):
            self.trace_id, traceparent = trace_id, head.traceparent
        else:
            # A UUIDv7 is 16 bytes, never all zero, and unique: as good a trace id as any, at no cost.
            self.trace_id = trace_id = self.record_id.hex().encode()
            traceparent = b"00-%b-%b-00" % (trace_id, trace_id[16:])
        if self.is_debug:
            self.sent_at = monotonic()
        connection.send(
            self,
            b"%b %b%b HTTP/1.1\r\n%bX-Penstock-Router: 1\r\n%b%b"
            b"X-Request-Id: %b\r\ntraceparent: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (
                head.method,
                version.predict_path if target.kind is PathKind.SCORING and version.predict_path else target.pod_path,
                _query(head.url),
                connection.pod.host_line,
                _ASKS_FOR_TIMINGS if self.is_debug else b"",
                head.forward,
                self.request_id,
                traceparent,
                self.body_size,
                join_pieces(self.body),
            ),
            is_head=head.method == b"HEAD",
        )

    def _other_pod(self) -> RoutedPod | None:
        assert self.version is not None
        current = self.context.current(self.version)
        pods = [pod for pod in current.pods if pod not in self.tried_pods] if current is not None else []
        return choose_pod(pods, monotonic(), self.context.draw())

    def _record_pod_failure(self) -> None:
        if self.pod is not None:
            record_failure(self.pod, monotonic(), self.context.limits.ejection_s)
        self._leave_pod()

    def _cancel_pod(self) -> None:
        connection = self.connection
        self._leave_pod()
        if connection is not None:
            connection.cancel()


def _query(url: bytes) -> bytes:
    """The query with its mark, or nothing."""
    at = url.find(b"?")
    return url[at:] if at >= 0 else b""
