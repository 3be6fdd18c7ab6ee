"""Which processes the system consists of, and what each of them is told by its environment.

A process gets what it needs and no more: the router knows no database, a service knows its own database only.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.devtools import proof_providers, routers
from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.probes import http_ok
from scripts.devtools.settings import ROOT, Settings, port_setting
from scripts.devtools.supervisor import ProcessSpec
from services import SERVICES

_ROUTER_RANK, _SERVICE_RANK, POSTGRES_RANK = 0, 1, 9
_BACKEND_SECRETS = ("DATA_KEYS", "LOOKUP_KEY", "PLATFORM_SECRETS")
_SECRETS = ("DB_PASSWORD", "ROUTER_SECRETS", "BACKEND_KEYS", *_BACKEND_SECRETS)


@dataclass(frozen=True)
class Topology:
    """The processes of one stack. `split` gives every backend a process of its own."""

    settings: Settings
    databases: Mapping[str, ServiceDatabase]
    split: bool = False

    @property
    def own_backends(self) -> list[str]:
        """The services whose backend runs here: those for which no `<SERVICE>_BACKEND_URL` is set."""
        return [service for service in SERVICES if not self.settings.get(_backend_url_setting(service))]

    @property
    def issuer(self) -> str:
        """The development identity provider's URL."""
        return self.settings.url("identity")

    @property
    def has_identity(self) -> bool:
        """Whether the development identity provider is among the issuers that `OIDC_ISSUERS` names."""
        issuers = self.settings.get("OIDC_ISSUERS")
        return issuers is None or self.issuer in [issuer.strip() for issuer in issuers.split(",")]

    @property
    def ports(self) -> dict[str, int]:
        """The ports that must be free, by process name, PostgreSQL's aside."""
        return {spec.name: spec.port for spec in self.processes() if spec.port is not None}

    def processes(self) -> list[ProcessSpec]:
        """Everything that is kept running, in no particular order."""
        specs = [self._identity()] if self.has_identity else []
        specs += [self._service(service) for service in SERVICES]
        if self.split:
            specs += [self._backend(service) for service in self.own_backends]
        if self.own_backends:
            specs.append(self._worker())
        return [*specs, self._router()]

    def migrate(self) -> ProcessSpec:
        """Bring the databases of the backends that run here to the newest schema."""
        return self._python("migrate", ["services.migrate", *self.own_backends], self._all_databases())

    def rotate(self, arguments: list[str]) -> ProcessSpec:
        """Seal everything anew with the current data key, as the databases' owners."""
        return self._python("rotate", ["services.rotate", *arguments], self._all_databases())

    def seed(self) -> ProcessSpec:
        """Put the demonstration data in; what is there already is left alone."""
        return self._python("seed", ["services.seed"], {**self._all_databases(), **self._backend_urls(None)})

    def _service(self, service: str) -> ProcessSpec:
        mounted = not self.split and service in self.own_backends
        extra = self._backend_urls(service if mounted else None)
        if mounted:
            extra |= self._databases(service) | self._proof_providers(service)
        return self._python(
            service, ["services.serve", service], extra, drop=() if mounted else _BACKEND_SECRETS
        )

    def _backend(self, service: str) -> ProcessSpec:
        extra = {**self._backend_urls(service), **self._databases(service), **self._proof_providers(service)}
        return self._python(f"{service}-backend", ["services.serve", service, "--backend"], extra)

    def _worker(self) -> ProcessSpec:
        arguments = [] if len(self.own_backends) == len(SERVICES) else self.own_backends
        return self._python(
            "worker",
            ["services.worker", *arguments],
            {
                **self._databases(*self.own_backends),
                **self._backend_urls(None),
                **self._proof_providers(*self.own_backends),
            },
        )

    def _identity(self) -> ProcessSpec:
        return self._python("identity", ["scripts.devtools.identity"], {}, drop=_SECRETS)

    def _router(self) -> ProcessSpec:
        common = self._environment(drop=("DB_PASSWORD", "BACKEND_KEYS", *_BACKEND_SECRETS))
        values = self.settings.values
        environment = routers.environment(values, common)
        return self._spec("router", routers.command(values), environment, rank=_ROUTER_RANK)

    def _python(
        self, name: str, module: list[str], extra: Mapping[str, str], *, drop: tuple[str, ...] = ()
    ) -> ProcessSpec:
        environment = {**self._environment(drop=("DB_PASSWORD", *drop)), **extra}
        return self._spec(name, [sys.executable, "-m", *module], environment)

    def _spec(
        self, name: str, argv: list[str], environment: Mapping[str, str], rank: int = _SERVICE_RANK
    ) -> ProcessSpec:
        port = self.settings.ports.get(name)
        return ProcessSpec(
            name=name,
            argv=argv,
            env=environment,
            cwd=self.settings.root,
            port=port,
            probe=None if port is None else partial(http_ok, port),
            stop_rank=rank,
        )

    def _environment(self, *, drop: tuple[str, ...]) -> dict[str, str]:
        """What every process is told: settings, ports, identity provider, files; never a database."""
        settings = self.settings
        inherited = {
            name: value
            for name, value in settings.values.items()
            if name not in drop and not name.endswith(("DATABASE_URL", "_BACKEND_URL"))
        }
        inherited.setdefault("PUBLIC_URL", settings.url("router"))
        inherited.setdefault("OIDC_ISSUERS", self.issuer)
        inherited.setdefault("FILES_URL", f"file://{settings.data_dir / 'files'}")
        inherited.setdefault("SMS_OUTBOX", str(settings.data_dir / "outbox" / "sms.ndjson"))
        return {
            **inherited,
            **{port_setting(name): str(port) for name, port in settings.ports.items()},
            "MONOQL_DATA_DIR": str(settings.data_dir),
            "PYTHONPATH": _python_path(settings.root),
            "PYTHONUNBUFFERED": "1",
        }

    def _proof_providers(self, *services: str) -> dict[str, str]:
        """Who vouches for fans, for the backend of users: the development providers where nobody else is named."""
        if "users" not in services or not self.has_identity:
            return {}
        defaults = proof_providers.settings(self.issuer)
        return {name: self.settings.get(name) or value for name, value in defaults.items()}

    def _all_databases(self) -> dict[str, str]:
        """The URLs of the databases that are ours to fill, as the service's role and as its owner."""
        owners = {
            f"{service.upper()}_OWNER_DATABASE_URL": self.databases[service].owner_dsn
            for service in self.own_backends
        }
        return {**self._databases(*self.own_backends), **owners}

    def _databases(self, *services: str) -> dict[str, str]:
        return {
            f"{service.upper()}_DATABASE_URL": self.databases[service].service_dsn for service in services
        }

    def _backend_urls(self, without: str | None) -> dict[str, str]:
        """Where each backend is. A service that mounts its own must not be told where that is."""
        urls: dict[str, str] = {}
        for service in SERVICES:
            if elsewhere := self.settings.get(_backend_url_setting(service)):
                urls[_backend_url_setting(service)] = elsewhere
            elif service != without:
                here = (
                    self.settings.url(f"{service}-backend")
                    if self.split
                    else f"{self.settings.url(service)}/backend"
                )
                urls[_backend_url_setting(service)] = here
        return urls


def _backend_url_setting(service: str) -> str:
    return f"{service.upper()}_BACKEND_URL"


def _python_path(root: Path) -> str:
    return str(root) if root == ROOT else f"{root}:{ROOT}"
