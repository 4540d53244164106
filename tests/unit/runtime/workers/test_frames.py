"""Messages between server and worker survive any cutting into pieces."""

from __future__ import annotations

import pytest

from penstock_runtime.workers.frames import Frame, FrameBuffer

FRAMES = [Frame({"ready": 1}), Frame({"jobs": [["a", "b"]]}, (b"\0{}", b"", "ü".encode())), Frame({}, (b"x" * 1000,))]


@pytest.mark.parametrize("size", [1, 7, 13, 5000])
def test_frames_come_out_as_they_went_in(size: int) -> None:
    data = b"".join(frame.pack() for frame in FRAMES)
    buffer = FrameBuffer()
    seen = [frame for start in range(0, len(data), size) for frame in buffer.feed(data[start : start + size])]
    assert seen == FRAMES
