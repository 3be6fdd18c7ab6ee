"""Where webhooks may lead: a name is resolved once, every address is looked at, and that very address is used."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from services.codes.backend import targets_rules as targets
from services.codes.backend.webhooks_sender import WebhookSender
from services.kit.errors import Invalid
from tests.unit.codes.partner import Partner, trusting

PUBLIC = ["93.184.215.14", "1.1.1.1", "2606:4700::1111"]
PRIVATE = [
    "0.0.0.0", "10.0.0.1",  # noqa: S104
    "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:93.184.215.14", "::127.0.0.1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001::1", "100::1",
    "64:ff9b::101:101", "localhost", "", "0x7f000001", "2130706433", "127.1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_open_internet(address: str) -> None:
    assert targets.is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_only_this_network_can_reach(address: str) -> None:
    assert not targets.is_public(address)


@given(st.ip_addresses(v=4))
def test_no_form_of_a_private_address_is_public(address: object) -> None:
    if not targets.is_public(str(address)):
        value = int(address)  # pyright: ignore[reportArgumentType]
        for form in (f"::ffff:{address}", f"64:ff9b::{value >> 16:x}:{value & 0xFFFF:x}", f"::{address}"):
            assert not targets.is_public(form), form


GOOD = [
    "https://partner.example",
    "https://partner.example/a/b?c=d",
    "https://partner.example:8443/",
    "https://93.184.215.14/",
    "https://[2606:4700::1111]/x",
]
BAD = {
    "http://partner.example/": "NOT_HTTPS",
    "ftp://partner.example/": "NOT_HTTPS",
    "gopher://partner.example/": "NOT_HTTPS",
    "file:///etc/passwd": "MALFORMED",
    "https://": "MALFORMED",
    "https:///x": "MALFORMED",
    "//partner.example/": "NOT_HTTPS",
    "https://user:pass@partner.example/": "MALFORMED",
    "https://partner.example@127.0.0.1/": "MALFORMED",
    "https://partner.example/#x": "MALFORMED",
    "https://partner.example\\@127.0.0.1/": "MALFORMED",
    "https://partner.example/ x": "MALFORMED",
    "https://partner.example/\r\nhost: x": "MALFORMED",
    "https://pärtner.example/": "MALFORMED",
    "https://partner.example:22/": "BAD_PORT",
    "https://partner.example:99999/": "MALFORMED",
    "https://partner.example:x/": "MALFORMED",
    "https://localhost/": "NOT_PUBLIC",
    "https://127.0.0.1/": "NOT_PUBLIC",
    "https://2130706433/": "NOT_PUBLIC",
    "https://[::1]/": "NOT_PUBLIC",
    "https://[::ffff:10.0.0.1]/": "NOT_PUBLIC",
    "https://169.254.169.254/latest/meta-data/": "NOT_PUBLIC",
    "https://metadata/": "NOT_PUBLIC",
    f"https://partner.example/{'x' * 500}": "MALFORMED",
}


@pytest.mark.parametrize("url", GOOD)
def test_urls_that_will_do(url: str) -> None:
    assert targets.parse_target(url, development=False).scheme == "https"


@pytest.mark.parametrize(("url", "code"), BAD.items())
def test_urls_that_will_not(url: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        targets.parse_target(url, development=False)
    assert (refused.value.issues[0].code, refused.value.issues[0].path) == (code, ["url"])


def test_loopback_will_do_in_development_only() -> None:
    for url in ("http://127.0.0.1:5000/x", "http://localhost/", "https://[::1]:9000/"):
        assert targets.parse_target(url, development=True).host in ("127.0.0.1", "localhost", "[::1]")
        with pytest.raises(Invalid):
            targets.parse_target(url, development=False)
    for url in ("http://10.0.0.1/", "http://partner.example/", "https://192.168.0.1/"):
        with pytest.raises(Invalid):
            targets.parse_target(url, development=True)


class Names:
    """A resolver whose answers change from one question to the next, as an attacker's do."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Wire(httpx.AsyncBaseTransport):
    """The open Internet: it notes where connections go, and answers 204."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(204, stream=httpx.ByteStream(b""))


async def test_a_name_is_resolved_once_and_its_address_is_used() -> None:
    """DNS rebinding: the second answer would be loopback, and nobody asks for it."""
    names, wire = Names(["93.184.215.14", "1.1.1.1"], ["127.0.0.1"]), Wire()
    sender = WebhookSender(development=False, resolver=names, transport=wire)
    assert await sender.post("https://partner.example:8443/x?y=1", b"{}", {}) == (204, None)
    [request] = wire.requests
    assert names.asked == ["partner.example"]
    assert str(request.url) == "https://93.184.215.14:8443/x?y=1"
    assert request.headers["host"] == "partner.example:8443"
    assert request.extensions["sni_hostname"] == "partner.example"
    # The next attempt looks again, and refuses.
    assert await sender.post("https://partner.example:8443/", b"{}", {}) == (None, "NOT_PUBLIC")
    assert len(wire.requests) == 1
    await sender.aclose()


@pytest.mark.parametrize("address", [each for each in PRIVATE if each[:1].isdigit() or ":" in each])
@pytest.mark.parametrize("beside", [[], ["93.184.215.14"]])
async def test_a_name_with_any_private_address_is_not_connected_to(address: str, beside: list[str]) -> None:
    wire = Wire()
    sender = WebhookSender(development=False, resolver=Names([*beside, address]), transport=wire)
    assert await sender.post("https://partner.example/", b"{}", {}) == (None, "NOT_PUBLIC")
    assert wire.requests == []
    await sender.aclose()


async def test_a_name_that_nobody_knows() -> None:
    sender = WebhookSender(development=False)
    assert await sender.post("https://nobody.invalid/", b"{}", {}) == (None, "UNKNOWN_HOST")
    assert await sender.post(f"https://{'x' * 70}.example/", b"{}", {}) == (None, "UNKNOWN_HOST")
    await sender.aclose()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for partner.example, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "partner.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("partner.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder: Path = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


async def test_tls_is_for_the_name_although_the_connection_is_to_the_address(
    certificate: tuple[str, str],
) -> None:
    async with Partner(tls=certificate) as partner:
        sender = WebhookSender(development=True, resolver=Names(["127.0.0.1"]), tls=trusting(certificate[0]))
        # The port is free to choose in development on loopback names only, so the name stands in the certificate.
        target = targets.Target("https", "partner.example", partner.port, "/hooks")
        assert await sender._send(target, "127.0.0.1", b"{}", {}) == 204
        assert partner.received[0].headers["host"] == f"partner.example:{partner.port}"
        wrong = f"https://localhost:{partner.port}/"
        assert await sender.post(wrong, b"{}", {}) == (None, "TLS")
        await sender.aclose()


async def test_answers_that_do_not_count() -> None:
    async with Partner() as partner, Partner() as elsewhere:
        sender = WebhookSender(development=True, seconds=0.5)
        for status, expected in ((200, None), (299, None), (404, "STATUS"), (410, "STATUS"), (500, "STATUS")):
            partner.status = status
            assert await sender.post(partner.url, b"{}", {}) == (status, expected)
        for status in (301, 302, 307, 308):
            partner.status, partner.headers = status, {"location": elsewhere.url}
            assert await sender.post(partner.url, b"{}", {}) == (status, "REDIRECT")
        assert elsewhere.received == []
        partner.status, partner.headers, partner.body = 200, {}, b"x" * 10_000_000
        assert await sender.post(partner.url, b"{}", {}) == (200, None)
        partner.hangs = True
        assert await sender.post(partner.url, b"{}", {}) == (None, "TIMEOUT")
        await sender.aclose()
    unheard = WebhookSender(development=True)
    assert await unheard.post(partner.url, b"{}", {}) == (None, "CONNECTION")
    await unheard.aclose()
