"""What it takes to ask a provider of proofs: its settings, and one HTTP exchange with a third party."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx
import msgspec
from pydantic import Field, SecretStr, model_validator

from services.kit.settings import BackendSettings, CommaSeparated
from services.kit.telemetry import log, span
from services.users.backend.proofs_rules import ProviderUnavailable

_LARGEST_ANSWER = 64 * 1024
_LONGEST_WAIT_SECONDS = 3600
_NO_SECRET = SecretStr("")
_NEEDED = {
    "verizon": ("authorize_url", "token_url", "userinfo_url", "client_id", "client_secret"),
    "citi": ("authorize_url", "token_url", "userinfo_url", "client_id", "client_secret"),
    "card_processor": ("url", "key"),
    "asu": ("issuer", "audience"),
}


class ProofSettings(BackendSettings):
    """Who vouches for fans. A provider is offered when all of its settings are there, and none of them by halves."""

    verizon_authorize_url: str = Field("", description="where a fan grants the link to her Verizon account")
    verizon_token_url: str = Field("", description="where authorization codes are exchanged (RFC 6749)")
    verizon_userinfo_url: str = Field("", description="where an access token names the account, as `sub`")
    verizon_introspect_url: str = Field("", description="where links are rechecked (RFC 7662); unset: never")
    verizon_client_id: str = Field("", description="who we are there")
    verizon_client_secret: SecretStr = Field(_NO_SECRET, description="our secret there")
    citi_authorize_url: str = Field("", description="as for Verizon")
    citi_token_url: str = Field("", description="as for Verizon")
    citi_userinfo_url: str = Field("", description="as for Verizon")
    citi_introspect_url: str = Field("", description="as for Verizon")
    citi_client_id: str = Field("", description="as for Verizon")
    citi_client_secret: SecretStr = Field(_NO_SECRET, description="as for Verizon")
    card_processor_url: str = Field(
        "", description="the payment processor's API, e.g. https://api.stripe.com"
    )
    card_processor_key: SecretStr = Field(_NO_SECRET, description="our secret key there")
    asu_issuer: str = Field("", description="who signs identity assertions; discovery as for OIDC_ISSUERS")
    asu_audience: str = Field("", description="the `aud` that an assertion must carry")
    account_redirect_uris: CommaSeparated = Field(
        [], description="pages of frontends that a provider may send fans back to"
    )
    account_link_days: int = Field(365, ge=1, le=3650, description="how long a linked account counts")
    account_check_hours: int = Field(24, ge=1, description="how often a link is rechecked at its provider")
    identity_days: int = Field(365, ge=1, le=3650, description="how long an identity tier counts at most")
    proof_attempts_per_hour: int = Field(
        20, ge=1, description="how often a fan may try each kind of proof in an hour"
    )
    provider_timeout: float = Field(
        4.0, gt=0, description="seconds that one exchange with a provider may take"
    )

    @model_validator(mode="after")
    def _whole_and_safe(self) -> Self:
        for provider, names in _NEEDED.items():
            missing = [name for name in names if not self._given(f"{provider}_{name}")]
            if missing and len(missing) < len(names):
                wanted = ", ".join(f"{provider}_{name}".upper() for name in missing)
                raise ValueError(f"{provider.upper()} is configured by halves: set {wanted}")
        if self.monoql_env == "production":
            for name in type(self).model_fields:
                if name.startswith(tuple(_NEEDED)) and name.endswith(("_url", "_issuer")):
                    value = getattr(self, name)
                    if value and not value.startswith("https://"):
                        raise ValueError(f"{name.upper()} must begin with https:// in production")
        return self

    def offers(self, provider: str) -> bool:
        """Whether a provider (`verizon`, `citi`, `card_processor`, `asu`) is configured."""
        return all(self._given(f"{provider}_{name}") for name in _NEEDED[provider])

    def _given(self, name: str) -> bool:
        value = getattr(self, name)
        return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered: its status, and the members of its JSON object (none when it sent something else)."""

    status: int
    members: dict[str, Any]


class Provider:
    """Third parties over HTTP: no redirects, nothing of the environment, small answers, and an end to waiting.

    Neither what is sent nor what comes back reaches a log or a span: both hold credentials.
    """

    def __init__(self, timeout: float, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=min(2.0, timeout)),
            limits=httpx.Limits(max_connections=32),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    async def call(
        self,
        name: str,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        bearer: str | None = None,
        basic: tuple[str, str] | None = None,
    ) -> Answer:
        """One exchange with the provider of this `name`. Answers of the kinds 2xx and 4xx are the caller's to judge.

        Raises ProviderUnavailable for silence, 3xx, 5xx, 408, 429, and what is no JSON object though it should be.
        """
        headers = {"accept": "application/json"}
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        request = self._client.build_request(method, url, data=form, headers=headers)
        auth = httpx.BasicAuth(*basic) if basic else None
        with span(f"provider {name}"):
            try:
                async with asyncio.timeout(self._timeout):
                    response = await self._client.send(request, stream=True, auth=auth)
                    try:
                        body = await _read(response)
                    finally:
                        await response.aclose()
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
                log.warning("provider does not answer", provider=name, reason=type(error).__name__)
                raise ProviderUnavailable from error
        return _judge(name, response, body)

    async def aclose(self) -> None:
        await self._client.aclose()


def our_fault(provider: str, answer: Answer) -> ProviderUnavailable:
    """For what a provider holds against us, not against the fan: told to those who run this."""
    error = answer.members.get("error")
    code = error if isinstance(error, str) and len(error) <= 60 else None
    log.error(
        "provider does not accept our credentials or requests",
        provider=provider,
        status=answer.status,
        error=code,
    )
    return ProviderUnavailable()


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            raise httpx.DecodingError("the answer is too large")
    return bytes(body)


def _judge(name: str, response: httpx.Response, body: bytes) -> Answer:
    status = response.status_code
    if status == 429:
        raise ProviderUnavailable(_retry_after(response))
    try:
        members: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        members = None
    understood = isinstance(members, dict)
    if status == 408 or status >= 500 or 300 <= status < 400 or (status < 300 and not understood):
        log.warning("provider gives no answer of use", provider=name, status=status)
        raise ProviderUnavailable
    return Answer(status, members if understood else {})


def _retry_after(response: httpx.Response) -> int:
    """Seconds; dates and nonsense count as half a minute."""
    given = response.headers.get("retry-after", "")
    is_number = given.isascii() and given.isdigit() and len(given) < 9
    return max(1, min(int(given), _LONGEST_WAIT_SECONDS)) if is_number else 30
