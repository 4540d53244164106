"""Lines that a model prints carry the request's id."""

from __future__ import annotations

import io

from penstock_runtime.pod_log import PodLog, TaggedStream, tag_of


def test_lines_are_tagged_only_while_a_request_runs() -> None:
    raw = io.StringIO()
    stream = TaggedStream(raw)
    log = PodLog()
    log.streams = (stream,)
    print("before", file=stream)
    with log.tagged(["r1"]):
        print("one\ntwo", file=stream)
        stream.write("no end")
    print("after", file=stream)
    assert raw.getvalue() == "before\n[request_id=r1] one\n[request_id=r1] two\n[request_id=r1] no end\nafter\n"


def test_a_shared_predict_names_its_callers() -> None:
    assert tag_of(["a", "b"]) == "[request_id=a,b] "
    assert tag_of([str(i) for i in range(10)]) == "[request_id=0,1,2,3,4,5,6,7,+2] "
