"""The process behind `scripts/up --detach`: `python -m scripts.devtools.supervise OPTIONS EVENTS_FD`.

Writes its events to the given pipe until it is ready, and to its standard output, a log, all the time.
"""

import asyncio
import contextlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from scripts.devtools import settings as devsettings
from scripts.devtools.events import Event
from scripts.devtools.launch import Options
from scripts.devtools.stack import Stack


def main(options: Options, events_fd: int) -> int:
    """Run one stack to its end. The exit code is 1 when it could not start."""
    watcher: int | None = events_fd
    os.set_inheritable(events_fd, False)

    def report(event: Event) -> None:
        nonlocal watcher
        print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {event.kind} {event.process} {event.text}", flush=True)
        if watcher is None:
            return
        with contextlib.suppress(BrokenPipeError):
            os.write(watcher, f"{event.to_json()}\n".encode())
        if event.kind in {"ready", "failed"}:
            os.close(watcher)
            watcher = None

    try:
        settings = devsettings.load(
            free_ports=options.free_ports, data_dir=Path(options.data_dir), root=Path(options.root)
        )
    except devsettings.SettingsError as error:
        report(Event("failed", str(error)))
        return 1
    stack = Stack(
        settings, report, split=options.split, durable=options.durable, only_postgres=options.only_postgres
    )
    return 0 if asyncio.run(stack.run_until_signal(options.lifeline)) else 1


if __name__ == "__main__":
    sys.exit(main(Options(**json.loads(sys.argv[1])), int(sys.argv[2])))
