"""Old entries of a table's log are removed, so that a table with a commit each second stays as quick as a new one.

Every reader and every commit lists the log, a local file system all of it each time: ten microseconds an entry, which
is most of a second after a day and seconds after a week. What goes is what Delta lets go: entries that a checkpoint
stands for (protocol, "Metadata Cleanup"). Blocking.
"""

from __future__ import annotations

import re

from pyarrow.fs import FileSelector, FileType

from inference_logger.domain.destinations import LOG_FOLDER
from inference_logger.store.storage import LOCAL, Storage

ENTRY = re.compile(r"(\d{20})\.(json|crc|checkpoint(\.[\w.-]+)?\.(parquet|json)|\d{20}\.compacted\.json)")
"""A commit, its checksum, a checkpoint or a part of one, a compacted range; nothing else is touched."""
WHOLE_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")


def trim_log(location: str, commits_kept: int, storage: Storage = LOCAL) -> int:
    """Remove the entries before the newest checkpoint that is `commits_kept` commits old, the oldest first.

    Every version from that checkpoint on can still be read. Returns how many entries went.
    """
    files = storage.filesystem(location)
    names = [info.base_name for info in files.get_file_info(FileSelector(LOG_FOLDER)) if info.type == FileType.File]
    entries = sorted((int(found[1]), name) for name in names if (found := ENTRY.fullmatch(name)))
    if not entries:
        return 0
    oldest_kept = entries[-1][0] - commits_kept
    checkpoints = [int(found[1]) for name in names if (found := WHOLE_CHECKPOINT.fullmatch(name))]
    base = max((version for version in checkpoints if version <= oldest_kept), default=0)
    old = [name for version, name in entries if version < base]
    for name in old:
        files.delete_file(f"{LOG_FOLDER}/{name}")
    return len(old)
