"""A real, independent OpenID provider: the npm package `oidc-provider`, as a process of its own on a free port."""

import hashlib
import html
import os
import re
import secrets
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from tests.support import run
from tests.support.issuer import AUDIENCE
from tests.support.ports import free_port

_FOLDER = Path(__file__).with_name("oidc")
_REDIRECT = "http://127.0.0.1/callback"
_SECRET = secrets.token_urlsafe(16)


@dataclass(frozen=True)
class OidcProvider:
    """The provider as its clients speak to it. `algorithm` is that of the access token: RS256 or ES256."""

    issuer: str

    def program_token(self, algorithm: str = "RS256") -> str:
        """A client-credentials token: the client `analytics` speaks for itself."""
        form = {
            "grant_type": "client_credentials",
            "scope": "graph",
            "resource": f"urn:monoql:{algorithm}",
        }
        return self._token("analytics", form)

    def person_token(self, name: str, algorithm: str = "RS256") -> str:
        """Signs somebody in as a browser does: authorization request, log-in, consent, code, token."""
        verifier = secrets.token_urlsafe(32)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        with httpx.Client(base_url=self.issuer, trust_env=False, timeout=10) as browser:
            request = {
                "client_id": "web",
                "response_type": "code",
                "scope": "openid graph",
                "redirect_uri": _REDIRECT,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
                "resource": f"urn:monoql:{algorithm}",
            }
            response = browser.get("/auth", params=request)
            while not (to := response.headers.get("location", "")).startswith(_REDIRECT):
                if response.is_redirect:
                    response = browser.get(urljoin(str(response.url), to))
                else:
                    action, form = _filled_in(response, name)
                    response = browser.post(action, data=form)
        [code] = parse_qs(urlsplit(to).query)["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": _REDIRECT,
            "code_verifier": verifier,
            "resource": f"urn:monoql:{algorithm}",
        }
        return self._token("web", form)

    def _token(self, client: str, form: dict[str, str]) -> str:
        answer = httpx.post(
            f"{self.issuer}/token", data=form, auth=(client, _SECRET), trust_env=False, timeout=10
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]


@contextmanager
def start_oidc_provider() -> Generator[OidcProvider]:
    """The provider for the time of the context."""
    _ensure_installed()
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "AUDIENCE": AUDIENCE,
        "CLIENT_SECRET": _SECRET,
    }
    process = subprocess.Popen(
        ["node", "provider.mjs"],
        cwd=_FOLDER,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        while (line := process.stdout.readline()).strip() != "ready":
            if not line:
                raise RuntimeError(f"the OpenID provider did not start:\n{process.communicate()[1]}")
        yield OidcProvider(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        sys.stderr.write(process.communicate(timeout=20)[1])


def _ensure_installed() -> None:
    run.install_once(
        "Installing the OpenID provider of the tests",
        _FOLDER / "package-lock.json",
        _FOLDER / "node_modules",
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    )


def _filled_in(page: httpx.Response, name: str) -> tuple[str, dict[str, str]]:
    """Where the page's form goes, and what somebody types into it."""
    action = re.search(r'<form[^>]* action="([^"]+)"', page.text)
    assert page.status_code == 200, page.text
    assert action, page.text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    return html.unescape(action[1]), {**hidden, "login": name, "password": "any"}
