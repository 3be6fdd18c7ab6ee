import pytest

from scripts.devtools import settings
from scripts.devtools.databases import ServiceDatabase
from scripts.devtools.supervisor import ProcessSpec
from scripts.devtools.topology import Topology
from services import SERVICES

DATABASES = {name: ServiceDatabase(name, f"service://{name}", f"owner://{name}") for name in SERVICES}


def topology(*, split: bool = False, **environ: str) -> Topology:
    return Topology(settings.load(environ=environ), DATABASES, split)


def told(spec: ProcessSpec, ending: str) -> dict[str, str]:
    return {name: value for name, value in spec.env.items() if name.endswith(ending)}


def by_name(topology: Topology) -> dict[str, ProcessSpec]:
    return {spec.name: spec for spec in topology.processes()}


def test_embedded_a_service_knows_its_own_database_and_the_others_backends():
    entries = by_name(topology())["entries"]
    assert told(entries, "_DATABASE_URL") == {"ENTRIES_DATABASE_URL": "service://entries"}
    assert told(entries, "_BACKEND_URL") == {
        "USERS_BACKEND_URL": "http://127.0.0.1:4001/backend",
        "CAMPAIGNS_BACKEND_URL": "http://127.0.0.1:4002/backend",
        "CODES_BACKEND_URL": "http://127.0.0.1:4004/backend",
    }


def test_split_a_subgraph_has_no_database_and_every_backend_is_a_process():
    specs = by_name(topology(split=True))
    assert told(specs["entries"], "_DATABASE_URL") == {}
    assert told(specs["entries"], "_BACKEND_URL")["ENTRIES_BACKEND_URL"] == "http://127.0.0.1:4013"
    assert "DATA_KEYS" not in specs["entries"].env
    backend = specs["entries-backend"]
    assert list(backend.argv[1:]) == ["-m", "services.serve", "entries", "--backend"]
    assert told(backend, "_DATABASE_URL") == {"ENTRIES_DATABASE_URL": "service://entries"}
    assert "ENTRIES_BACKEND_URL" not in backend.env


@pytest.mark.parametrize("split", [False, True])
def test_a_backend_elsewhere_is_used_by_all_and_not_started(split: bool):
    chosen = topology(split=split, CODES_BACKEND_URL="https://codes.example")
    specs = by_name(chosen)
    services = [*SERVICES, "worker"]
    assert {specs[name].env["CODES_BACKEND_URL"] for name in services} == {"https://codes.example"}
    assert "codes-backend" not in specs
    assert list(chosen.migrate().argv[3:]) == ["users", "campaigns", "entries"]
    assert list(specs["worker"].argv[3:]) == ["users", "campaigns", "entries"]
    assert all("CODES_DATABASE_URL" not in spec.env for spec in [*specs.values(), chosen.seed()])


def test_the_worker_knows_all_databases_and_backends():
    worker = by_name(topology())["worker"]
    assert set(told(worker, "_DATABASE_URL")) == {f"{name.upper()}_DATABASE_URL" for name in SERVICES}
    assert set(told(worker, "_BACKEND_URL")) == {f"{name.upper()}_BACKEND_URL" for name in SERVICES}


def test_only_migrations_and_seed_know_the_owners():
    chosen = topology()
    assert told(chosen.migrate(), "_OWNER_DATABASE_URL") == {
        f"{name.upper()}_OWNER_DATABASE_URL": f"owner://{name}" for name in SERVICES
    }
    assert all(not told(spec, "_OWNER_DATABASE_URL") for spec in chosen.processes())


def test_the_router_and_the_identity_provider_hold_no_secret_of_the_backends():
    specs = by_name(topology(DATABASE_URL="postgresql://root@db/x"))
    for name in ("router", "identity"):
        assert not {"DB_PASSWORD", "BACKEND_KEYS", "DATA_KEYS", "LOOKUP_KEY", "DATABASE_URL"} & set(
            specs[name].env
        )
    assert specs["router"].env["ROUTER_SECRETS"]
    assert "ROUTER_SECRETS" not in specs["identity"].env


def test_another_identity_provider_takes_the_place_of_ours():
    chosen = topology(OIDC_ISSUERS="https://login.example")
    assert "identity" not in by_name(chosen)
    assert not chosen.has_identity


def test_the_router_stops_first_and_postgresql_outlives_the_rest():
    ranks = {spec.name: spec.stop_rank for spec in topology().processes()}
    assert ranks["router"] < min(rank for name, rank in ranks.items() if name != "router")
