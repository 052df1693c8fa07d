"""What each room may know (ARCHITECTURE.md), held to by reading the files."""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.px.storage.plugins.module_utils.fuse import mountpoint
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import SERVERS, azure, s3

from px_ansible.clients import CLIENTS as CLIENT_ROWS
from px_ansible.config import parse, paths
from px_ansible.machine_types import price_list
from px_ansible.providers import OPTIONAL, PROVIDERS
from px_ansible.schema import bundled
from px_ansible.stores import STORES

TOP = Path(__file__).parents[2]
CONFIG = parse(b"cluster: {nodes: 1}\n", file=Path("px.yaml"), name="px.yaml")
ROLES = {path.name: path for path in (TOP / "roles").iterdir()}
CLIENTS = sorted({client for store in STORES.values() for client in store.clients})
ENTRIES = [(role, entry) for role, path in sorted(ROLES.items()) for entry in sorted(path.glob("tasks/*.yml"))]


def specs(role: str) -> dict[str, dict]:
    text = (ROLES[role] / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]


def test_every_row_has_its_role_and_its_schema_and_the_reverse():
    roles = {f"provider_{name}" for name, row in PROVIDERS.items() if row.role} | set(CLIENTS) | {"fuse_mount"}
    assert set(ROLES) == roles
    assert all((path / "README.md").exists() for path in ROLES.values())
    schema = TOP / "px_ansible" / "schema"
    assert {path.stem for path in (schema / "providers").glob("*.json")} == set(PROVIDERS)
    assert {path.stem for path in (schema / "stores").glob("*.json")} == set(STORES)
    assert set(PROVIDERS) <= set(bundled()["$defs"]["cluster"]["properties"])
    assert {name for name in PROVIDERS if price_list(name)} == {name for name, row in PROVIDERS.items() if row.cloud}
    data = TOP / "px_ansible" / "machine_types" / "data"
    assert {path.stem for path in data.glob("*.json")} == {name for name, row in PROVIDERS.items() if row.cloud}


@pytest.mark.parametrize("provider", [name for name, row in PROVIDERS.items() if row.role])
def test_a_provider_role_has_the_four_entry_points_and_those_that_its_row_says(provider):
    row = PROVIDERS[provider]
    wanted = {"list", "cluster", "present", "absent"}
    wanted |= {name for name, there in {"checks": row.checks, "ready": row.tries_buckets}.items() if there}
    assert set(specs(f"provider_{provider}")) == wanted
    assert {path.stem for path in ROLES[f"provider_{provider}"].glob("tasks/*.yml")} == wanted


@pytest.mark.parametrize(("role", "entry"), ENTRIES, ids=lambda value: getattr(value, "stem", value))
def test_every_entry_point_has_its_argument_spec(role, entry):
    assert entry.stem in specs(role)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_defaults_and_argument_specs_name_the_same_variables(role):
    path = ROLES[role] / "defaults" / "main.yml"
    defaults = set(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    named = {name for spec in specs(role).values() for name, option in spec["options"].items() if name.startswith(role)}
    required = {
        name for spec in specs(role).values() for name, option in spec["options"].items() if option.get("required")
    }
    assert defaults - named == set()
    assert named - defaults <= required


def test_no_templated_tasks_from():
    """ansible-core 2.18 and 2.19 then run the first host's file for all hosts."""
    for path in [*TOP.glob("roles/**/*.yml"), *TOP.glob("playbooks/*.yml")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"tasks_from:.*\{\{", line), f"{path}: {line}"


def test_a_path_that_px_yaml_may_have_is_one_that_a_host_takes():
    """Both refuse system folders, each by its own list: R1 keeps them from sharing one."""
    assert set(paths._SYSTEM) >= mountpoint._EXACTLY
    assert set(paths._CLOSED) >= set(mountpoint._AND_BELOW)


def test_the_keys_of_emulated_buckets_are_those_that_their_servers_take():
    """Well known, and written down twice: R1 keeps the rooms from sharing them."""
    emulators = PROVIDERS["local"].emulators
    assert set(emulators) == set(STORES) == set(SERVERS)
    keys = {"access_key_id": s3.ACCESS_KEY_ID, "secret_access_key": s3.SECRET_ACCESS_KEY}
    assert emulators["s3"].credentials == emulators["spaces"].credentials == keys
    assert emulators["azure"].credentials == {"account_key": azure.ACCOUNT_KEY}


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


@pytest.mark.parametrize("path", sorted((TOP / "px_ansible").rglob("*.py")), ids=lambda path: path.name)
def test_imports(path):
    found = imports(path)
    tops = {name.split(".")[0] for name in found}
    if path.name != "runner.py":
        assert "ansible_runner" not in tops
    if path.name == "run_environment.py":
        return
    assert "ansible" not in tops
    if "cli" not in path.parts and path.name != "__main__.py":
        assert not tops & {"click", "rich"}
        assert not any(f"{name}.".startswith("px_ansible.cli.") for name in found)


def test_no_files_import_each_other():
    """Imports for types and late ones count: what two files say of each other belongs into one, or into a third."""
    files = {}
    for path in (TOP / "px_ansible").rglob("*.py"):
        parts = path.relative_to(TOP).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = imports(path)
    # A name out of a package may be a file of it; then that one is imported, not the package's own __init__.
    graph = {name: (found & files.keys()) - {name, *_parents(found & files.keys())} for name, found in files.items()}
    assert list(graphlib.TopologicalSorter(graph).static_order())


def _parents(names: set[str]) -> set[str]:
    return {name.rpartition(".")[0] for name in names}


@pytest.mark.parametrize("path", sorted((TOP / "plugins" / "module_utils" / "fuse").rglob("*.py")), ids=str)
def test_the_program_for_the_hosts_needs_the_standard_library_only(path):
    import sys  # noqa: PLC0415

    allowed = {*sys.stdlib_module_names, "ansible_collections"}
    assert {name.split(".")[0] for name in imports(path)} <= allowed


CLOUDS = sorted(name for name, row in PROVIDERS.items() if row.cloud)
# The tables, and the files of one provider or one store.
TABLES = ("providers", "stores", "machine_types/data", "schema", "clients.py", "checks/clouds.py", "checks/credentials")
SHARED = [
    *(
        path
        for path in sorted((TOP / "px_ansible").rglob("*.py"))
        if not any(path.is_relative_to(TOP / "px_ansible" / table) for table in TABLES)
    ),
    TOP / "plugins" / "inventory" / "px.py",
    *sorted((TOP / "playbooks").glob("*.yml")),
]

# The one client that is built on this computer where its release is not used (and GOTOOLCHAIN's own word `local`); what
# `init` proposes to somebody who has no cloud.
MAY_NAME = {"px_ansible/checks/client_cache.py": {"gcsfuse", "local"}, "px_ansible/cli/questions.py": {"local"}}


def code_of(path: Path) -> str:
    """Return what a file says to the computer: its names and texts, without comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return "\n".join(line.split("#")[0] for line in text.splitlines())
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


@pytest.mark.parametrize("path", SHARED, ids=lambda path: str(path.relative_to(TOP)))
def test_a_clouds_name_is_in_its_own_files_only(path):
    """A cloud that smears over shared files is a cloud that cannot be taken out or added."""
    found = {name for name in CLOUDS if re.search(rf"(?<![a-z]){name}(?![a-z])", code_of(path).lower())}
    assert not found, f"{path.relative_to(TOP)} knows {found}"


@pytest.mark.parametrize("path", SHARED, ids=lambda path: str(path.relative_to(TOP)))
def test_a_providers_or_clients_name_is_in_its_own_files_only(path):
    # Ansible's own connection of that name is no provider.
    code = code_of(path).replace("'ansible_connection': 'local'", "").replace("connection: local", "")
    for name in {*PROVIDERS, *CLIENTS} - MAY_NAME.get(str(path.relative_to(TOP)), set()):
        assert not re.search(rf"""["'._]{name}\b""", code), f"{path.name} knows {name}"


@pytest.mark.parametrize("client", CLIENTS)
def test_the_version_of_a_client_is_the_one_that_its_role_installs(client):
    defaults = yaml.safe_load((ROLES[client] / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert (CLIENT_ROWS[client].version or "") == defaults[f"{client}_version"]


@pytest.mark.parametrize("name", CLOUDS)
def test_the_row_of_a_cloud_holds_together(name):
    """What px.yaml may say of a cloud is what its row, its schema, its prices and the docs know of it."""
    row = PROVIDERS[name]
    cloud = row.cloud
    assert cloud.default_region in cloud.regions
    assert len(set(cloud.regions)) == len(cloud.regions)
    assert all(re.fullmatch(cloud.region, region) for region in cloud.regions)
    assert row.default_image in row.images
    assert row.offers <= set(OPTIONAL)
    assert set(row.instead) <= set(OPTIONAL) - row.offers
    assert bool(cloud.zone) == ("zone" in row.offers) == bool(cloud.zone_form)
    assert "disk_size" not in row.offers or cloud.disk_gib[0] < cloud.disk_gib[1]
    assert row.user(CONFIG) not in cloud.no_users
    prices = price_list(name)
    assert {one.region for one in prices.types.values()} <= {cloud.default_region, None}
    assert any(one.usd_per_hour and not one.shared and not one.gpu for one in prices.types.values())
    pattern = bundled()["$defs"]["cluster"]["properties"]["machine_type"]["pattern"]
    assert all(re.search(pattern, one) for one in prices.types)
    page = (TOP / "docs" / "px-yaml.md").read_text(encoding="utf-8")
    assert all(f"`{name}.{key}`" in page for key in bundled()["$defs"][f"provider-{name}"]["properties"])


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("length", [1, 40])
def test_the_names_of_hosts_are_legal_in_every_cloud(name, length):
    """The longest name of a cluster and the highest number of a host: a label of DNS, which all four ask for."""
    most = bundled()["$defs"]["cluster"]["properties"]["nodes"]["maximum"]
    host = f"{'a' * length}-{most}"
    assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", host)
    assert len(host) <= 63, name
    labels = PROVIDERS[name].cloud.labels
    assert all(re.fullmatch(labels.key, key) for key in ("px-cluster", "px-host"))
    assert re.fullmatch(labels.value, host)


MADE = [name for name in CLOUDS if PROVIDERS[name].role]
# What px.yaml says of every cloud, and what px-ansible adds; then what only the role's own users can say.
OF_EVERY_CLOUD = {
    *("machine_type", "image", "zone", "disk_gib", "spot", "region", "labels", "ssh_allow", "ssh_user"),
    *("buckets", "former_buckets", "authorized_key", "known_hosts_dir"),
}
OF_THE_ROLE = {"gcp": {"address_url", "auth_kind", "disk_type", "ip_range"}}
# Where each cloud that is made is described and proved.
PROVED = {"gcp": ("docs/google-cloud.md", "tests/emulators/gce/guests.py", "tests/e2e/test_google_cloud.py")}


@pytest.mark.parametrize("name", MADE)
def test_what_px_yaml_says_of_a_cloud_is_what_its_role_takes(name):
    prefix = f"provider_{name}_"
    every = {option for spec in specs(f"provider_{name}").values() for option in spec["options"]}
    options = {option.removeprefix(prefix) for option in every if option.startswith(prefix)}
    block = set(bundled()["$defs"][f"provider-{name}"]["properties"])
    assert options == block | OF_EVERY_CLOUD | OF_THE_ROLE[name]


def test_every_cloud_that_is_made_has_its_page_its_emulator_and_its_end_to_end_test():
    assert set(PROVED) == set(MADE)
    assert [path for paths in PROVED.values() for path in paths if not (TOP / path).is_file()] == []
    emulated = {path.parent.name for path in (TOP / "tests" / "emulators").glob("*/cloud.py")}
    assert len(emulated) == len(MADE)
