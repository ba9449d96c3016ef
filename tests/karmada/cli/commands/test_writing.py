"""The writing commands against a control plane: what they print is kubectl's, what they leave is what was
asked for.
"""

from pathlib import Path
from typing import Any

import pytest

from karmada.api.codec import dump_yaml, loads_yaml
from tests.karmada.cli.console import Outcome, Typist


class Plane:
    """Commands against one plane, in a namespace of their own."""

    def __init__(self, karmadactl: Typist, kubeconfig: Path, namespace: str, folder: Path) -> None:
        self._karmadactl = karmadactl
        self._flags = (f"--kubeconfig={kubeconfig}", f"--namespace={namespace}")
        self._folder = folder

    def __call__(self, *words: str) -> Outcome:
        command, *rest = words
        return self._karmadactl(command, *self._flags, *rest)

    def out(self, *words: str) -> str:
        shown = self(*words)
        assert shown.code == 0, shown.err
        return shown.out

    def file(self, *objects: dict[str, Any]) -> str:
        path = self._folder / "objects.yaml"
        path.write_text("---\n".join(dump_yaml(obj) for obj in objects))
        return str(path)

    def live(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = loads_yaml(self.out("get", *words, "-o", "yaml"))
        return found


@pytest.fixture
def plane(
    karmadactl: Typist, plane_kubeconfig: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> Plane:
    namespace = f"t{abs(hash(request.node.name)) % 10**8}"
    made = karmadactl("create", f"--kubeconfig={plane_kubeconfig}", "namespace", namespace)
    assert made.code == 0, made.err
    return Plane(karmadactl, plane_kubeconfig, namespace, tmp_path)


def config(name: str = "a", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": "x"}},
        "data": data,
    }


def deployment(replicas: int, *containers: tuple[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": name, "image": image} for name, image in containers]},
            },
        },
    }


def test_apply_creates_configures_and_leaves_alone(plane: Plane) -> None:
    assert plane.out("apply", "-f", plane.file(config(k="v"))) == "configmap/a created\n"
    assert plane.out("apply", "-f", plane.file(config(k="v"))) == "configmap/a unchanged\n"
    assert plane.out("apply", "-f", plane.file(config(j="w"))) == "configmap/a configured\n"
    assert plane.live("cm", "a")["data"] == {"j": "w"}


def test_apply_removes_what_it_once_set_and_keeps_what_others_set(plane: Plane) -> None:
    plane.out("apply", "-f", plane.file(deployment(2, ("web", "web:1"), ("side", "side:1"))))
    plane.out("patch", "deploy", "web", "-p", '{"spec":{"paused":true}}')
    assert plane.out("apply", "-f", plane.file(deployment(3, ("web", "web:2")))) == (
        "deployment.apps/web configured\n"
    )
    spec = plane.live("deploy", "web")["spec"]
    assert (spec["replicas"], spec["paused"]) == (3, True)
    assert [each["image"] for each in spec["template"]["spec"]["containers"]] == ["web:2"]
    assert plane.out("apply", "-f", plane.file(deployment(3, ("web", "web:2")))) == (
        "deployment.apps/web unchanged\n"
    )


def test_apply_warns_where_nobody_applied_before(plane: Plane) -> None:
    plane.out("create", "-f", plane.file(config(k="v")))
    shown = plane("apply", "-f", plane.file(config(k="v")))
    assert (shown.code, shown.out) == (0, "configmap/a configured\n")
    assert "is missing the kubectl.kubernetes.io/last-applied-configuration annotation" in shown.err


def test_server_side_apply_knows_conflicts(plane: Plane) -> None:
    flags = ("apply", "--server-side", "-f")
    assert plane.out(*flags, plane.file(config(k="v"))) == "configmap/a serverside-applied\n"
    plane.out("patch", "cm", "a", "-p", '{"data":{"k":"theirs"}}', "--field-manager=else")
    refused = plane(*flags, plane.file(config(k="mine")))
    assert refused.code == 1
    assert "Error from server (Conflict)" in refused.err
    plane.out("apply", "--server-side", "--force-conflicts", "-f", plane.file(config(k="mine")))
    assert plane.live("cm", "a")["data"] == {"k": "mine"}


@pytest.mark.parametrize(
    ("words", "said", "exists"),
    [
        (("apply", "--dry-run=client"), "configmap/a created (dry run)\n", False),
        (("apply", "--dry-run=server"), "configmap/a created (server dry run)\n", False),
        (("create", "--dry-run"), "configmap/a created (dry run)\n", False),
        (("create", "-o", "name"), "configmap/a\n", True),
    ],
)
def test_a_dry_run_changes_nothing(plane: Plane, words: tuple[str, ...], said: str, exists: bool) -> None:
    assert plane.out(*words, "-f", plane.file(config())) == said
    assert (plane("get", "cm", "a").code == 0) is exists


def test_one_bad_document_does_not_hold_up_the_others(plane: Plane) -> None:
    nowhere = {"apiVersion": "example.io/v1", "kind": "Thing", "metadata": {"name": "t"}}
    shown = plane("apply", "-f", plane.file(nowhere, config()))
    assert (shown.code, shown.out) == (1, "configmap/a created\n")
    assert 'no matches for kind "Thing" in version "example.io/v1"' in shown.err


def test_apply_to_clusters_makes_a_policy_for_each_object(plane: Plane) -> None:
    lines = plane.out("apply", "--all-clusters", "-f", plane.file(config())).splitlines()
    assert lines[0] == "configmap/a created"
    assert lines[1].startswith("propagationpolicy.policy.karmada.io/a-")
    policy = plane.live("pp", lines[1].split("/")[1].split()[0])
    assert policy["spec"]["placement"] == {"clusterAffinity": {}}
    (selector,) = policy["spec"]["resourceSelectors"]
    assert (selector["apiVersion"], selector["kind"], selector["name"]) == ("v1", "ConfigMap", "a")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("apply",), "error: must specify one of -f and -k\n"),
        (("apply", "-f", "none.yaml"), 'error: the path "none.yaml" does not exist\n'),
        (("apply", "-f", "/dev/null"), "error: no objects passed to apply\n"),
        (("create", "-f", "/dev/null"), "error: no objects passed to create\n"),
        (
            ("apply", "-f", "/dev/null", "-C", "a", "--all-clusters"),
            "error: --all-clusters and --cluster cannot be used together\n",
        ),
        (("apply", "-f", "/dev/null", "-C", "ghost"), "error: cluster ghost does not exist\n"),
        (("delete", "cm"), "error: resource(s) were provided, but no name was specified\n"),
        (("delete", "cm", "ghost"), 'Error from server (NotFound): configmaps "ghost" not found\n'),
        (("label", "cm", "a"), "error: at least one label update is required\n"),
        (("annotate", "cm", "a"), "error: at least one annotation update is required\n"),
        (
            ("patch", "cm", "a"),
            "error: must specify --patch or --patch-file containing the contents of the patch\n",
        ),
        (("get", "things"), 'error: the server doesn\'t have a resource type "things"\n'),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    plane: Plane, words: tuple[str, ...], complaint: str
) -> None:
    shown = plane(*words)
    assert (shown.code, shown.out, shown.err) == (1, "", complaint)


def test_delete_says_where_from_and_waits(plane: Plane) -> None:
    plane.out("create", "-f", plane.file(config("a"), config("b")))
    assert plane.out("delete", "cm", "a", "--dry-run=server").endswith("namespace (server dry run)\n")
    assert plane("get", "cm", "a").code == 0
    assert plane.out("delete", "cm", "-l", "app=x").count(" deleted from ") == 2
    assert plane.out("delete", "cm", "a", "--ignore-not-found") == ""
    assert plane.out("delete", "cm", "-l", "app=x") == "No resources found\n"


@pytest.mark.parametrize("command", ["label", "annotate"])
def test_marks_are_set_kept_and_removed(plane: Plane, command: str) -> None:
    done = {"label": "labeled", "annotate": "annotated"}[command]
    field = {"label": "labels", "annotate": "annotations"}[command]
    plane.out("create", "-f", plane.file(config()))
    assert plane.out(command, "cm", "a", "color=red") == f"configmap/a {done}\n"
    refused = plane(command, "cm", "a", "color=blue")
    assert refused.code == 1
    assert "--overwrite is false" in refused.err
    plane.out(command, "cm", "a", "color=blue", "--overwrite")
    assert plane.live("cm", "a")["metadata"][field]["color"] == "blue"
    plane.out(command, "cm", "a", "color-")
    assert "color" not in plane.live("cm", "a")["metadata"].get(field, {})


@pytest.mark.parametrize(
    ("kind", "patch", "data"),
    [
        ("strategic", '{"data":{"z":"1"}}', {"k": "v", "z": "1"}),
        ("merge", '{"data":{"k":null,"z":"1"}}', {"z": "1"}),
        ("json", '[{"op":"replace","path":"/data/k","value":"w"}]', {"k": "w"}),
    ],
)
def test_patches_of_every_kind(plane: Plane, kind: str, patch: str, data: dict[str, str]) -> None:
    plane.out("create", "-f", plane.file(config(k="v")))
    flags = ("patch", "cm", "a", f"--type={kind}", "-p", patch)
    assert plane.out(*flags) == "configmap/a patched\n"
    assert plane.live("cm", "a")["data"] == data
    assert plane.out(*flags) == "configmap/a patched (no change)\n"


@pytest.mark.parametrize(
    ("editor", "said", "data"),
    [
        ("sed -i s/before/after/", "configmap/a edited\n", {"k": "after"}),
        ("true", "Edit cancelled, no changes made.\n", {"k": "before"}),
        ("truncate -s 0", "Edit cancelled, no changes made.\n", {"k": "before"}),
    ],
)
def test_edit_sends_what_the_editor_left(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, editor: str, said: str, data: dict[str, str]
) -> None:
    monkeypatch.setenv("KUBE_EDITOR", editor)
    plane.out("create", "-f", plane.file(config(k="before")))
    assert plane.out("edit", "cm", "a") == said
    assert plane.live("cm", "a")["data"] == data


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("name", "configmap/a\nconfigmap/b\n"),
        ("jsonpath={.items[*].metadata.name}", "a b\n"),
        ("jsonpath={range .items[*]}{.metadata.name}={.data.k};{end}", "a=1;b=2;\n"),
        (
            "custom-columns=NAME:.metadata.name,K:.data.k,NO:.x",
            "NAME   K   NO\na      1   <none>\nb      2   <none>\n",
        ),
    ],
)
def test_get_prints_in_many_forms(plane: Plane, form: str, shown: str) -> None:
    plane.out("create", "-f", plane.file(config("a", k="1"), config("b", k="2")))
    assert plane.out("get", "cm", "-l", "app=x", "-o", form) == shown


def test_tokens_come_are_listed_and_go(plane: Plane) -> None:
    token = plane("token").err
    assert "required" in token
    flags = plane._flags[:1]
    made = plane._karmadactl("token", "create", *flags, "--ttl=1h", "--description=for a test")
    listed = plane._karmadactl("token", "list", *flags).out
    assert listed.splitlines()[0].split("   ")[0] == "TOKEN"
    assert made.out.strip() in listed
    assert "for a test" in listed
    command = plane._karmadactl("token", "create", *flags, "--print-register-command").out
    assert command.startswith("karmadactl register 127.0.0.1:")
    assert " --discovery-token-ca-cert-hash sha256:" in command
    token_id = made.out[:6]
    gone = plane._karmadactl("token", "delete", *flags, token_id)
    assert gone.out == f'bootstrap token "{token_id}" deleted\n'
