"""The Kubernetes manifests: valid by Kubernetes' schema, confined, told settings that exist, and no secret."""

import re
import tomllib
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from services import SERVICES
from services.kit.settings import SettingsError
from tests.support import manifests
from tests.support.manifests import BASE, ROOT, Manifest

WRITTEN = sorted(path for path in BASE.rglob("*.yaml") if path.name != "kustomization.yaml")
PATCHES = ("confined.yaml", "serving.yaml")
# What an overlay's Secrets would hold, as far as a process demands it.
SECRETS = {
    "router-proof": {"ROUTER_SECRETS": "a-secret-of-the-router"},
    "backend-keys": {"BACKEND_KEYS": "a-key-of-the-backends"},
    "data-keys": {"DATA_KEYS": f"k1:{'A' * 43}", "LOOKUP_KEY": "B" * 43},
    "users-backend": {
        "USERS_DATABASE_URL": "postgresql://users",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "a-token",
        "TWILIO_FROM": "MG1",
    },
    "campaigns-backend": {"CAMPAIGNS_DATABASE_URL": "postgresql://campaigns"},
    "entries-backend": {"ENTRIES_DATABASE_URL": "postgresql://entries"},
    "codes-backend": {
        "CODES_DATABASE_URL": "postgresql://codes",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "a-token",
        "TWILIO_FROM": "MG1",
    },
    "database-owners": {f"{service.upper()}_OWNER_DATABASE_URL": "postgresql://o" for service in SERVICES},
}
# Read by the object store's client and by `services.serve`, which have no class of settings.
ELSEWHERE = {"AWS_REGION", "BIND_HOST", "ROUTER_PORT", "WORKER_PORT"}


@pytest.fixture(scope="module")
def rendered() -> list[Manifest]:
    return manifests.render()


def of_kind(found: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {manifest["metadata"]["name"]: manifest for manifest in found if manifest["kind"] == kind}


def pod_of(manifest: Manifest) -> dict[str, Any]:
    return manifest["spec"]["template"]["spec"]


def written(name: str, kind: str = "Deployment") -> Manifest:
    (found,) = (manifest for manifest in manifests.read(BASE / name) if manifest["kind"] == kind)
    return found


def secrets_of(manifest: Manifest) -> list[str]:
    (container,) = pod_of(manifest)["containers"]
    return [source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(BASE)))
def test_what_is_written_is_what_kubernetes_takes(path: Path) -> None:
    for manifest in manifests.read(path):
        if path.name in PATCHES:
            manifest["spec"]["selector"] = {}
        assert manifests.faults(manifest) == []


@pytest.mark.parametrize(
    ("place", "name", "value", "said"),
    [
        (("spec",), "replica", 2, "nobody knows .spec.replica"),
        (("spec",), "replicas", "2", "Expected `int | null`"),
        (("spec",), "selector", None, "Expected `object`"),
        (("spec", "template", "spec"), "securityContext", {"runAsNonroot": True}, ".runAsNonroot"),
        (("spec", "template", "spec", "containers", 0), "readinesProbe", {}, "[0].readinesProbe"),
    ],
)
def test_the_check_finds_what_is_misspelt(
    place: tuple[Any, ...], name: str, value: object, said: str
) -> None:
    broken = deepcopy(written("router.yaml"))
    target = broken
    for step in place:
        target = target[step]
    target[name] = value
    (fault,) = manifests.faults(broken)
    assert said in fault


def test_every_file_is_used() -> None:
    used: set[Path] = set()
    for folder, own in manifests.kustomizations():
        used.add(folder / "kustomization.yaml")
        used |= {folder / name for name in own["resources"] if not (folder / name).is_dir()}
        used |= {folder / patch["path"] for patch in own.get("patches", []) if "path" in patch}
        used |= {folder / name for made in own.get("configMapGenerator", []) for name in made["envs"]}
    assert {path for path in BASE.rglob("*") if path.is_file()} == used


def test_every_kind_of_process_is_confined_and_those_that_stay_are_asked_how_they_are() -> None:
    (own,) = manifests.read(BASE / "kustomization.yaml")
    applied = {(patch["path"], patch["target"]["kind"]) for patch in own["patches"]}
    assert applied == {
        ("confined.yaml", "Deployment"),
        ("confined.yaml", "Job"),
        ("serving.yaml", "Deployment"),
    }
    assert_confined(pod_of(manifests.read(BASE / "confined.yaml")[0]))
    assert_asked(pod_of(manifests.read(BASE / "serving.yaml")[0]))


def assert_confined(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def assert_asked(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    paths = {
        kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")
    }
    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    assert {port["name"] for port in container["ports"]} == {"http"}


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_what_the_probes_ask_is_answered(path: str) -> None:
    assert f'path == "{path}"' in (ROOT / "services/kit/asgi.py").read_text()
    assert f"path === '{path}'" in (ROOT / "gateway-config/front/server.mjs").read_text()


def names_of(settings: Any) -> set[str]:
    """The names by which a class of settings is read from the environment."""
    return {str(field.validation_alias or name).upper() for name, field in settings.model_fields.items()}


def test_every_setting_is_one_that_a_process_knows() -> None:
    known = ELSEWHERE | {
        f"{service.upper()}_{end}" for service in SERVICES for end in ("PORT", "BACKEND_PORT")
    }
    known |= {f"{service.upper()}_SUBGRAPH_URL" for service in SERVICES}
    known |= set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", (ROOT / "gateway-config/settings.mjs").read_text()))
    for service in SERVICES:
        for tier in ("subgraph", "backend"):
            known |= names_of(import_module(f"services.{service}.{tier}.settings").Settings)
    given = set(manifests.read_settings())
    assert given - known == set()
    assert {"MONOQL_ENV", "PUBLIC_URL", "OIDC_ISSUERS", "FILES_URL"} <= given


def test_no_secret_is_written_down() -> None:
    settings = manifests.read_settings()
    assert [name for name in settings if re.search(r"SECRET|PASSWORD|TOKEN|_KEYS?$|DATABASE", name)] == []
    assert [value for value in settings.values() if re.search(r"//[^/]*@|development", value)] == []
    for _folder, own in manifests.kustomizations():
        assert "secretGenerator" not in own
    assert [path.name for path in WRITTEN for m in manifests.read(path) if m["kind"] == "Secret"] == []


@pytest.mark.parametrize("tier", ["subgraph", "backend"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_process_starts_in_production_with_what_it_is_told_and_not_with_less(
    service: str, tier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = secrets_of(written(f"service/{tier}.yaml"))
    if tier == "backend":
        secrets.append(f"{service}-backend")
        (own,) = manifests.read(BASE / service / "kustomization.yaml")
        assert f"secretRef: {{name: {secrets[-1]}}}" in own["patches"][0]["patch"]
    load = import_module(f"services.{service}.{tier}.settings").Settings.load
    for name, value in manifests.read_settings().items():
        monkeypatch.setenv(name, value)
    for names in SECRETS.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    for secret in secrets:
        for name, value in SECRETS[secret].items():
            monkeypatch.setenv(name, value)
    assert load().monoql_env == "production"
    needed = [
        name
        for secret in secrets
        for name in SECRETS[secret]
        if secret != "router-proof" or tier == "subgraph"
    ]
    for name in needed:
        with monkeypatch.context() as less:
            less.delenv(name)
            with pytest.raises(SettingsError, match=name):
                load()


def test_the_worker_has_every_backend_s_secrets_and_the_migrations_alone_the_owners() -> None:
    backend = secrets_of(written("service/backend.yaml"))
    assert secrets_of(written("worker.yaml")) == [*backend, *(f"{service}-backend" for service in SERVICES)]
    assert secrets_of(written("migrate.yaml", "Job")) == ["database-owners"]
    assert secrets_of(written("router.yaml")) == ["router-proof"]


def test_the_whole_is_what_kubernetes_takes(rendered: list[Manifest]) -> None:
    assert {m["metadata"]["name"]: found for m in rendered if (found := manifests.faults(m))} == {}
    pods = [*of_kind(rendered, "Deployment").values(), *of_kind(rendered, "Job").values()]
    assert len(pods) == 2 * len(SERVICES) + 3
    for manifest in pods:
        assert_confined(pod_of(manifest))
    for manifest in of_kind(rendered, "Deployment").values():
        assert_asked(pod_of(manifest))


def test_every_image_is_the_one_of_this_version(rendered: list[Manifest]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    deployed = {
        name: pod_of(manifest)["containers"][0]["image"]
        for name, manifest in of_kind(rendered, "Deployment").items()
    }
    expected = {f"{service}-subgraph": f"monoql/{service}:{version}" for service in SERVICES}
    expected |= {f"{service}-backend": f"monoql/backend:{version}" for service in SERVICES}
    assert deployed == {
        **expected,
        "worker": f"monoql/backend:{version}",
        "router": f"monoql/router:{version}",
    }


def selects(selector: dict[str, str], manifest: Manifest) -> bool:
    return selector.items() <= manifest["spec"]["template"]["metadata"]["labels"].items()


def test_every_address_leads_to_one_deployment(rendered: list[Manifest]) -> None:
    deployments = of_kind(rendered, "Deployment")
    services = of_kind(rendered, "Service")
    for name, service in services.items():
        assert [d for d, m in deployments.items() if selects(service["spec"]["selector"], m)] == [name]
    settings = manifests.read_settings()
    for service in SERVICES:
        assert settings[f"{service.upper()}_SUBGRAPH_URL"] == f"http://{service}-subgraph/graphql"
        assert settings[f"{service.upper()}_BACKEND_URL"] == f"http://{service}-backend"
        labels = deployments[f"{service}-backend"]["spec"]["template"]["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == service, "which is where the process reads its SERVICE"
    assert set(services) == set(deployments) - {"worker"}


def test_a_rising_number_is_left_alone_and_a_disruption_takes_one_at_a_time(rendered: list[Manifest]) -> None:
    deployments = of_kind(rendered, "Deployment")
    scaled = {
        autoscaler["spec"]["scaleTargetRef"]["name"]
        for autoscaler in of_kind(rendered, "HorizontalPodAutoscaler").values()
    }
    assert scaled == {"campaigns-subgraph", "entries-subgraph"}
    assert {name for name, m in deployments.items() if "replicas" not in m["spec"]} == scaled
    assert {name for name, m in deployments.items() if m["spec"].get("replicas") == 1} == {"worker"}
    for name, budget in of_kind(rendered, "PodDisruptionBudget").items():
        assert budget["spec"]["maxUnavailable"] == 1
        selector = budget["spec"]["selector"]["matchLabels"]
        assert [d for d, m in deployments.items() if selects(selector, m)] == [name]
    assert set(of_kind(rendered, "PodDisruptionBudget")) == set(deployments) - {"worker"}


@pytest.mark.parametrize(
    ("target", "callers"),
    [
        ("users-subgraph", {"router"}),
        ("entries-backend", {"subgraph", "backend", "worker"}),
        ("worker", set[str]()),
        ("router", {"anybody"}),
    ],
)
def test_nobody_reaches_a_process_but_who_has_business_there(
    rendered: list[Manifest], target: str, callers: set[str]
) -> None:
    manifest = of_kind(rendered, "Deployment")[target]
    policies = [
        policy["spec"]
        for policy in of_kind(rendered, "NetworkPolicy").values()
        if selects(policy["spec"]["podSelector"]["matchLabels"], manifest)
    ]
    assert {"podSelector", "policyTypes"} in [set(policy) for policy in policies], "nothing comes in"
    rules = [rule for policy in policies for rule in policy.get("ingress", [])]
    found = {
        peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
        for rule in rules
        for peer in rule.get("from", [])
    }
    assert found | ({"anybody"} if any("from" not in rule for rule in rules) else set()) == callers
