"""Prepares a fake pod: its environment is the image's own Python. `UV_FAIL_PREPARE` has it fail.

Of a version that is an image it brings one file for each mount.
"""

import json
import os
import sys
from pathlib import Path

prepared = Path(os.environ["PENSTOCK_PREPARED"])
assert os.environ["PENSTOCK_TICKET"]
print("[penstock] prepared", os.environ["PENSTOCK_POD"], flush=True)
if mounts := os.environ.get("PENSTOCK_MOUNTS"):
    for number in mounts.split(","):
        folder = prepared / "mounts" / number
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file-{number}").write_text("content")
    sys.exit(0)
if not (prepared / "environment").exists():
    (prepared / "environment").symlink_to("/usr")
    (prepared / "model").mkdir()
if os.environ.get("UV_FAIL_PREPARE"):
    told = {"reason": "ModelNotFound", "message": "there is no such model", "is_permanent": True}
    Path("/dev/termination-log").write_text(json.dumps(told))
    sys.exit(1)
