#!/usr/bin/env python3
"""Writes grafana/*.json from source/*.py. The files are kept, so that nobody needs this to use them.

    deployment/dashboards/generate.py            # writes them
    deployment/dashboards/generate.py --check    # fails if they are not what this writes

Python's standard library is enough.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "source"))
sys.dont_write_bytecode = True

import fleet  # noqa: E402
import queues  # noqa: E402
import run  # noqa: E402
import storage  # noqa: E402


def main() -> int:
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        print(__doc__, file=sys.stderr)
        return 2
    stale = []
    for name, board in [("run", run.BOARD), ("fleet", fleet.BOARD), ("queue", queues.BOARD), ("storage", storage.BOARD)]:
        path = HERE / "grafana" / f"{name}.json"
        text = json.dumps(board, indent=2, ensure_ascii=False) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale and check:
        print(f"not as generated: {', '.join(stale)}; run deployment/dashboards/generate.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
