"""Prepares a fake pod: its environment is the image's own Python. `FAIL_PREPARE` in the model's name has it fail."""

import json
import os
import sys
from pathlib import Path

prepared = Path(os.environ["PENSTOCK_PREPARED"])
assert os.environ["PENSTOCK_TICKET"]
print("[penstock] prepared", os.environ["PENSTOCK_POD"], flush=True)
if not (prepared / "environment").exists():
    (prepared / "environment").symlink_to("/usr")
    (prepared / "model").mkdir()
if os.environ.get("UV_FAIL_PREPARE"):
    told = {"reason": "ModelNotFound", "message": "there is no such model", "is_permanent": True}
    Path("/dev/termination-log").write_text(json.dumps(told))
    sys.exit(1)
