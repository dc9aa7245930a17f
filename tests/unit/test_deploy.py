"""What deploy/ and the operators' documents say is true of the product."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from bus.amqp import DEAD
from bus.topology import OUTBOUND, inbound_lanes
from gateway.settings import CONFIG, PREFIX, Settings
from tests.desk import running_desk
from tests.unit.test_layout import REGISTRY_HOSTS, ROOMS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "frontdesk"
VARIABLES = {PREFIX + name.upper() for name in Settings.model_fields} | {CONFIG}
# Read by the tests, never by the desk.
FOR_TESTS = {"FRONTDESK_FAULTS"}
ROLES = {"gateway", "inbound", "outbound", "poll", "relay", "assign", "clock"}
METRIC = re.compile(r"\bfrontdesk_[a-z_]+\b")
# What a series' name adds to its family's.
SUFFIXES = ("_total", "_bucket", "_sum", "_count")


def files(*folders: Path) -> list[Path]:
    """Every file below these folders."""
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]


def parsed(name: str) -> Any:
    """A YAML document of deploy/."""
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def expressions(found: Any) -> list[str]:
    """Every `expr` in a document, however deep."""
    if isinstance(found, dict):
        own = [value for key, value in found.items() if key == "expr" and isinstance(value, str)]
        return own + [expr for value in found.values() for expr in expressions(value)]
    return [expr for value in found for expr in expressions(value)] if isinstance(found, list) else []


ALERTS: list[dict[str, Any]] = parsed("prometheus/alerts.yaml")["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "frontdesk.json").read_bytes())


@pytest.fixture(scope="module")
def metrics() -> set[str]:
    """The families that a running desk tells of."""
    with running_desk() as desk:
        answer = urlopen(f"{desk.url}/metrics", timeout=10)  # noqa: S310 - the desk's own address
        with answer:
            told = answer.read().decode()
    return set(re.findall(r"^# TYPE (\S+) ", told, re.MULTILINE))


def test_every_variable_that_is_named_is_a_setting() -> None:
    """deploy/ and the documents name no variable that the desk would refuse."""
    named = {
        f"{path.relative_to(ROOT)}: {variable}"
        for path in [*files(DEPLOY, ROOT / "docs"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
        for variable in re.findall(r"FRONTDESK_[A-Z]\w*", path.read_text(encoding="utf-8"))
        if variable not in VARIABLES | FOR_TESTS
    }
    assert named == set()


def test_every_setting_is_explained_to_operators() -> None:
    """docs/OPERATING.md names each variable there is."""
    told = set(re.findall(r"FRONTDESK_[A-Z_]+", (ROOT / "docs" / "OPERATING.md").read_text(encoding="utf-8")))
    assert VARIABLES - told == set()


def test_nothing_in_deploy_names_a_package_registry() -> None:
    """Also while it is not yet under version control."""
    assert [
        path for path in files(DEPLOY) for host in REGISTRY_HOSTS if host in path.read_text("utf-8")
    ] == []


def test_every_document_in_deploy_parses() -> None:
    """YAML and JSON; the chart's templates, which are neither before they are rendered, aside."""
    plain = [path for path in files(DEPLOY) if CHART / "templates" not in path.parents]
    documents = [path for path in plain if path.suffix in {".yaml", ".json"}]
    assert len(documents) >= 7
    assert [path for path in documents if yaml.safe_load(path.read_text(encoding="utf-8")) is None] == []


def test_every_shell_script_parses() -> None:
    """By the shell that runs it, and each may be executed."""
    scripts = [path for path in files(DEPLOY) if path.suffix == ".sh"]
    assert len(scripts) == 4
    for script in scripts:
        subprocess.run(["sh", "-n", str(script)], check=True)
        assert script.stat().st_mode & 0o111 == 0o111


# --- container and compose ---------------------------------------------------------------------------


def test_the_image_is_made_of_every_room_and_of_what_is_locked() -> None:
    """What is copied in is what the build is given, and the rooms are all there."""
    dockerfile = (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        name
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE)
        for name in line.split()
    }
    ignored = (DEPLOY / "docker" / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert copied == set(re.findall(r"^!(\S+)$", ignored, re.MULTILINE))
    assert copied - {"requirements.lock", "pyproject.toml", "LICENSE", "NOTICE"} == ROOMS
    assert "--require-hashes -r requirements.lock" in dockerfile


def test_the_image_runs_as_a_user_of_its_own_and_is_asked_how_it_is() -> None:
    """Never root, and a stopped event loop is noticed."""
    dockerfile = (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE) == ["10001:10001"]
    assert re.search(r"^HEALTHCHECK .*\n.*/livez", dockerfile, re.MULTILINE)


def test_compose_starts_every_role_with_a_root_that_is_read_only() -> None:
    """One service a role, after the migration; none may write outside /data and /tmp."""
    services = parsed("compose.yaml")["services"]
    ours = {name: service for name, service in services.items() if service["image"] == "frontdesk"}
    assert set(ours) == ROLES | {"migrate"}
    for name, service in ours.items():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        expected = ["migrate"] if name == "migrate" else ["worker", "--role", name]
        assert service["command"] == expected
        first = service["depends_on"].get("migrate", {"condition": "service_completed_successfully"})
        assert first == {"condition": "service_completed_successfully"}


def test_compose_keeps_no_secret() -> None:
    """Each comes from the environment file, and one that is missing stops the start."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    secret = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "REDIS_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"}
    secret |= {"FRONTDESK_SECRET_KEY"}
    assert set(re.findall(r"\$\{(\w+):\?\}", text)) == secret
    example = (DEPLOY / "compose.env.example").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+)", text)) - {"PORT"}
    assert set(re.findall(r"^(\w+)=", example, re.MULTILINE)) == asked


# --- chart -------------------------------------------------------------------------------------------


def template_texts() -> dict[str, str]:
    """The chart's templates by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in files(CHART / "templates")}


def test_every_value_that_a_template_uses_is_defined() -> None:
    """`.Values.a.b` stands in values.yaml, and nothing stands there that no template uses."""
    values = parsed("helm/frontdesk/values.yaml")
    used = {
        tuple(path.split("."))
        for text in template_texts().values()
        for path in re.findall(r"\.Values\.([A-Za-z.]+)", text)
    }
    for path in used:
        found = values
        for name in path:
            assert name in found, ".".join(path)
            found = found[name]
    assert {path[0] for path in used} == set(values)


def test_every_role_has_the_same_shape() -> None:
    """What the templates read of a role, each role has."""
    read = {name for text in template_texts().values() for name in re.findall(r"\$spec\.([A-Za-z]+)", text)}
    roles = parsed("helm/frontdesk/values.yaml")["roles"]
    assert {name: set(role) for name, role in roles.items()} == dict.fromkeys(ROLES, read)
    scaled = [set(role["scale"]) for role in roles.values() if role["scale"]]
    assert scaled == [{"by", "min", "max", "target"}] * 3


def test_the_templates_braces_and_blocks_are_balanced() -> None:
    """Each action is closed, each block has its end."""
    for name, text in template_texts().items():
        assert text.count("{{") == text.count("}}"), name
        actions = re.findall(r"\{\{-?\s*(\w+)", text)
        opened = [word for word in actions if word in {"if", "range", "with", "define"}]
        assert len(opened) == actions.count("end"), name


def test_every_template_that_is_included_is_defined() -> None:
    """Names of named templates agree."""
    text = "".join(template_texts().values())
    assert set(re.findall(r'include "([\w.]+)"', text)) == set(re.findall(r'define "([\w.]+)"', text))


def test_the_charts_settings_are_settings() -> None:
    """Names, and values that the desk takes."""
    given = parsed("helm/frontdesk/values.yaml")["settings"]
    assert set(given) - set(Settings.model_fields) == set()
    assert Settings(**given).partitions == 4


def test_the_scalers_look_at_the_lanes_there_are() -> None:
    """The names of the queues in RabbitMQ are those that the desk makes."""
    text = template_texts()["scaledobjects.yaml"]
    prefix = re.findall(r"queueName: (\S+\.)\{\{", text)[0]
    inbound = re.findall(r'printf "(inbound\.%02d)"', text)[0]
    assert (prefix, inbound % 3, OUTBOUND, DEAD) == ("frontdesk.", inbound_lanes(4)[3], "outbound", "dead")
    assert 'list "outbound"' in text


# --- dashboard, alerts, runbooks ---------------------------------------------------------------------


def test_every_metric_that_is_looked_at_is_told(metrics: set[str]) -> None:
    """In the dashboard, the alerts, their tests and the documents."""
    texts = [path.read_text(encoding="utf-8") for path in files(DEPLOY / "prometheus", ROOT / "docs")]
    looked_at = {name for text in [*expressions(DASHBOARD), *texts] for name in METRIC.findall(text)}
    assert len(looked_at) > 15
    families = metrics | {name + suffix for name in metrics for suffix in SUFFIXES}
    assert looked_at - families == set()


def test_every_metric_that_is_told_is_explained(metrics: set[str]) -> None:
    """docs/OPERATING.md has a word on each, the process's own figures by example."""
    told = {name for name in metrics if "_process_" not in name and not name.endswith("_created")}
    explained = set(METRIC.findall((ROOT / "docs" / "OPERATING.md").read_text(encoding="utf-8")))
    assert told - explained == set()


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    """One file each."""
    named = [alert["annotations"]["runbook"] for alert in ALERTS]
    there = [f"docs/runbooks/{path.name}" for path in files(ROOT / "docs" / "runbooks")]
    assert sorted(named) == there


def test_every_runbook_says_what_it_means_how_to_see_it_and_what_to_do() -> None:
    """In that order, each with something below it."""
    for path in files(ROOT / "docs" / "runbooks"):
        parts = re.split(r"^## (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert parts[1::2] == ["What it means", "How to see it", "What to do"], path.name
        assert all(len(part.strip()) > 40 for part in parts[2::2]), path.name


def test_every_alert_says_how_bad_it_is() -> None:
    """`page` wakes somebody, `ticket` waits for the morning."""
    assert {alert["labels"]["severity"] for alert in ALERTS} == {"page", "ticket"}
    assert [alert["alert"] for alert in ALERTS if not alert["annotations"]["summary"]] == []


def test_links_between_the_operators_documents_lead_somewhere() -> None:
    """Files exist, and headings where a link names one."""
    pages = [*files(ROOT / "docs" / "runbooks"), *(ROOT / "docs").glob("[OSU]*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]*(?:#[^)]+)?)\)", page.read_text(encoding="utf-8")):
            name, _, heading = target.partition("#")
            place = (page.parent / name) if name else page
            assert place.exists(), f"{page.name}: {target}"
            if heading:
                titles = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
                assert heading in anchors, f"{page.name}: {target}"
