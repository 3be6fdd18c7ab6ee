"""Brings databases to the newest revision: `python -m services.migrate [SERVICE …]`, as the owner role of each."""

import os
import sys

from services import SERVICES
from services.kit.migrations import upgrade


def main() -> None:
    for name in sys.argv[1:] or SERVICES:
        setting = f"{name.upper()}_OWNER_DATABASE_URL"
        url = os.environ.get(setting)
        if not url:
            raise SystemExit(f"{setting} is not set: which database should be migrated, as its owner?")
        upgrade(name, url)
        print(f"{name}: migrated")


if __name__ == "__main__":
    main()
