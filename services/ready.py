"""Whether a process of this container is ready: `python -m services.ready [users | users-backend | worker]`.

Exits with 0 or 1; without a name it is the worker. For container engines, whose images have no other HTTP client.
"""

import http.client
import os
import sys


def main() -> int:
    process = sys.argv[1] if len(sys.argv) > 1 else "worker"
    setting = process.upper().replace("-", "_") + "_PORT"
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ[setting]), timeout=4)
    try:
        connection.request("GET", "/readyz")
        return 0 if connection.getresponse().status < 300 else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
