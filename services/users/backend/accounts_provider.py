"""Verizon and Citi: OAuth 2.0 by the authorization code (RFC 6749, PKCE by RFC 7636, introspection by RFC 7662)."""

from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlencode

from pydantic import SecretStr

from services.users.backend.proofs_provider import Answer, ProofSettings, Provider, our_fault
from services.users.backend.proofs_rules import ProofRefused, ProviderUnavailable

PROVIDERS = ("VERIZON", "CITI")
_LONGEST_SUBJECT, _LONGEST_TOKEN = 255, 4096
_HER_FAULT = ("invalid_grant", "invalid_request", "access_denied")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code was exchanged for: whose account, and a token to ask later whether the grant still stands."""

    subject: str
    refresh_token: str | None


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorize_url: str
    token_url: str
    userinfo_url: str
    introspect_url: str
    client_id: str
    client_secret: SecretStr

    @property
    def credentials(self) -> tuple[str, str]:
        return self.client_id, self.client_secret.get_secret_value()


class AccountsProvider:
    """The providers whose accounts can be linked. `offered` names those that are configured."""

    def __init__(self, settings: ProofSettings, provider: Provider) -> None:
        self._provider = provider
        self._endpoints = {
            name: _endpoints(settings, name.lower()) for name in PROVIDERS if settings.offers(name.lower())
        }

    @property
    def offered(self) -> tuple[str, ...]:
        return tuple(self._endpoints)

    def authorization_url(self, name: str, redirect_uri: str, state: str, challenge: str | None) -> str:
        """Where the fan's browser goes to grant the link."""
        endpoints = self._endpoints[name]
        query = {
            "response_type": "code",
            "client_id": endpoints.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid",
            "state": state,
        }
        if challenge is not None:
            query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        separator = "&" if "?" in endpoints.authorize_url else "?"
        return f"{endpoints.authorize_url}{separator}{urlencode(query)}"

    async def exchange(self, name: str, code: str, verifier: str | None, redirect_uri: str | None) -> Grant:
        """Exchanges an authorization code, and asks whose account it is. Raises ProofRefused, ProviderUnavailable."""
        endpoints = self._endpoints[name]
        form = {"grant_type": "authorization_code", "code": code}
        form |= {"code_verifier": verifier} if verifier is not None else {}
        form |= {"redirect_uri": redirect_uri} if redirect_uri is not None else {}
        tokens = await self._provider.call(
            name, "POST", endpoints.token_url, form=form, basic=endpoints.credentials
        )
        if tokens.status >= 300:
            _refuse(name, tokens)
        account = await self._provider.call(
            name, "GET", endpoints.userinfo_url, bearer=_text(tokens, "access_token", _LONGEST_TOKEN)
        )
        if account.status >= 300:
            raise _not_accepted()
        refresh = tokens.members.get("refresh_token")
        keeps = isinstance(refresh, str) and 0 < len(refresh) <= _LONGEST_TOKEN and endpoints.introspect_url
        return Grant(_text(account, "sub", _LONGEST_SUBJECT), refresh if keeps else None)

    async def stands(self, name: str, refresh_token: str) -> bool:
        """Whether a grant still stands, as its provider says. Asking changes nothing. Raises ProviderUnavailable."""
        endpoints = self._endpoints.get(name)
        if endpoints is None or not endpoints.introspect_url:
            return True
        form = {"token": refresh_token, "token_type_hint": "refresh_token"}
        answer = await self._provider.call(
            name, "POST", endpoints.introspect_url, form=form, basic=endpoints.credentials
        )
        if answer.members.get("error") == "invalid_grant":
            return False
        if answer.status >= 300 or not isinstance(answer.members.get("active"), bool):
            raise our_fault(name, answer)
        return answer.members["active"]


def _endpoints(settings: ProofSettings, prefix: str) -> _Endpoints:
    return _Endpoints(**{name: getattr(settings, f"{prefix}_{name}") for name in _Endpoints.__slots__})


def _refuse(name: str, answer: Answer) -> NoReturn:
    if answer.members.get("error") in _HER_FAULT:
        raise _not_accepted()
    raise our_fault(name, answer)


def _not_accepted() -> ProofRefused:
    return ProofRefused(
        "NOT_ACCEPTED",
        "The provider does not accept this code: it is wrong, too old, or was used before. Start the link again.",
    )


def _text(answer: Answer, name: str, most: int) -> str:
    value = answer.members.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise ProviderUnavailable
    return value
