"""A system in the shape of ours that starts in no time: what the stack starts, without what it does."""

from pathlib import Path

from scripts.devtools.settings import ROOT

_PROCESS = """
import http.server, json, os, signal, sys
NAME = sys.argv[1:]
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"argv": NAME, "environment": dict(os.environ)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
def stop(*_): raise SystemExit(0)
signal.signal(signal.SIGTERM, stop)
def serve(port):
    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Answer).serve_forever()
"""
_SERVE = """
import os, sys
from services.process import serve
serve(os.environ[sys.argv[1].upper() + ("_BACKEND_PORT" if "--backend" in sys.argv else "_PORT")])
"""
_WORKER = """
import os
from services.process import serve
serve(os.environ["WORKER_PORT"])
"""
_MIGRATE = """
import os, sys, psycopg
for name in sys.argv[1:]:
    with psycopg.connect(os.environ[f"{name.upper()}_OWNER_DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS migrated ()")
"""
_ROUTER = """
import { createServer } from "node:http";
process.on("SIGTERM", () => process.exit(0));
createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ data: { viewer: null }, authorization: request.headers.authorization ?? null }));
}).listen(Number(process.env.ROUTER_PORT), "127.0.0.1");
"""


def build(root: Path, *, migrate: str = _MIGRATE, seed: str = "print('seeded')") -> Path:
    """Lay the stand-in out below `root`, with this repository's `.env` and names. Returns `root`."""
    package = root / "services"
    package.mkdir(parents=True)
    (root / "gateway-config").mkdir()
    files = {
        package / "__init__.py": (ROOT / "services" / "__init__.py").read_text(),
        package / "process.py": _PROCESS,
        package / "serve.py": _SERVE,
        package / "worker.py": _WORKER,
        package / "migrate.py": migrate,
        package / "seed.py": seed,
        root / "gateway-config" / "start.mjs": _ROUTER,
        root / ".env": (ROOT / ".env").read_text(),
    }
    for path, text in files.items():
        path.write_text(text)
    return root
