"""karmada.client.kubeconfig and kubeconfig_file: whom to ask, from the files people have."""

import base64
import stat
import textwrap
from pathlib import Path

import pytest

from karmada.client.kubeconfig import (
    Access,
    KubeconfigError,
    in_cluster_access,
    load_kubeconfig,
    new_kubeconfig,
    read_kubeconfig,
    with_context,
    without_context,
    write_kubeconfig,
)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def write(path: Path, text: str) -> Path:
    path.write_text(textwrap.dedent(text))
    return path


FULL = f"""
    apiVersion: v1
    kind: Config
    current-context: plane
    clusters:
    - name: plane
      cluster:
        server: https://plane:5443/
        certificate-authority-data: {b64("CA")}
        tls-server-name: plane.test
        proxy-url: http://proxy:3128
    - name: files
      cluster: {{server: "https://files", certificate-authority: ca.crt, insecure-skip-tls-verify: true}}
    users:
    - name: certified
      user:
        client-certificate-data: {b64("CERT")}
        client-key-data: {b64("KEY")}
        as: bob
        as-groups: [g1]
        as-user-extra: {{Scope: [a]}}
    - name: tokened
      user: {{tokenFile: token, username: ann, password: pw}}
    contexts:
    - name: plane
      context: {{cluster: plane, user: certified, namespace: shop}}
    - name: files
      context: {{cluster: files, user: tokened}}
    - name: anonymous
      context: {{cluster: plane}}
    """


def test_the_current_context_gives_everything_embedded(tmp_path: Path) -> None:
    access = load_kubeconfig(write(tmp_path / "config", FULL))
    assert access == Access(
        server="https://plane:5443",
        ca_data=b"CA",
        client_certificate=b"CERT",
        client_key=b"KEY",
        tls_server_name="plane.test",
        proxy_url="http://proxy:3128",
        impersonate_user="bob",
        impersonate_groups=("g1",),
        impersonate_extra={"scope": ("a",)},
        namespace="shop",
    )


def test_files_are_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(b"CA FILE")
    (tmp_path / "token").write_text("t0ken\n")
    access = load_kubeconfig(write(tmp_path / "config", FULL), context="files")
    assert (access.ca_data, access.token, access.insecure) == (b"CA FILE", "t0ken", True)
    assert access.token_file == str(tmp_path / "token")
    assert (access.username, access.password) == ("ann", "pw")


def test_a_context_without_a_user_is_anonymous(tmp_path: Path) -> None:
    access = load_kubeconfig(write(tmp_path / "config", FULL), context="anonymous")
    assert (access.token, access.client_certificate) == (None, None)


def test_repr_shows_no_secret() -> None:
    shown = repr(Access(server="https://x", token="s3cret", password="s3cret", client_key=b"s3cret"))
    assert "s3cret" not in shown


def test_several_files_of_the_environment_are_merged_and_the_first_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(
        tmp_path / "first",
        """
        current-context: mine
        contexts: [{name: mine, context: {cluster: plane}}]
        clusters: [{name: plane, cluster: {server: "https://first"}}]
        """,
    )
    second = write(tmp_path / "second", FULL)
    (tmp_path / "ca.crt").write_bytes(b"CA")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'missing'}:{second}")
    assert load_kubeconfig(None).server == "https://first"
    assert load_kubeconfig(None, context="files").server == "https://files"


def test_the_home_folder_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config", FULL)
    assert load_kubeconfig(None).server == "https://plane:5443"


@pytest.mark.parametrize(
    ("text", "context", "message"),
    [
        pytest.param("a: [", "", r"is not YAML \(line", id="not-yaml"),
        pytest.param("[1, 2]", "", "does not hold a Config", id="not-a-map"),
        pytest.param("kind: Pod", "", "does not hold a Config", id="another-kind"),
        pytest.param("contexts: {a: b}", "", "contexts is not a list", id="not-a-list"),
        pytest.param("", "", "current-context is not set", id="empty"),
        pytest.param("current-context: x", "", 'context "x" does not exist', id="no-such-context"),
        pytest.param(FULL, "nope", 'context "nope" does not exist', id="no-such-context-asked"),
        pytest.param(
            "{current-context: x, contexts: [{name: x, context: {cluster: y}}]}",
            "",
            'cluster "y" does not exist',
            id="no-such-cluster",
        ),
        pytest.param(
            "{current-context: x, contexts: [{name: x, context: {cluster: y}}], clusters: [{name: y}]}",
            "",
            'cluster "y" has no server',
            id="no-server",
        ),
        pytest.param(
            "{current-context: x, contexts: [{name: x, context: {cluster: y}}],"
            " clusters: [{name: y, cluster: {server: s, certificate-authority-data: '%%'}}]}",
            "",
            "certificate-authority-data is not base64",
            id="bad-base64",
        ),
        pytest.param(FULL, "files", "cannot read .*ca.crt: No such file", id="missing-file"),
    ],
)
def test_what_cannot_be_used_is_one_clear_line(tmp_path: Path, text: str, context: str, message: str) -> None:
    with pytest.raises(KubeconfigError, match=message) as caught:
        load_kubeconfig(write(tmp_path / "config", text), context=context)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="config does not exist"):
        load_kubeconfig(tmp_path / "config")


def plugin(tmp_path: Path, script: str) -> Path:
    program = write(tmp_path / "plugin", "#!/bin/sh\n" + script)
    program.chmod(0o755)
    return write(
        tmp_path / "config",
        f"""
        current-context: x
        contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
        clusters: [{{name: c, cluster: {{server: "https://c"}}}}]
        users:
        - name: u
          user:
            exec:
              apiVersion: client.authentication.k8s.io/v1
              command: {program}
              args: [get-token]
              env: [{{name: WHO, value: ann}}]
        """,
    )


def test_a_credential_plugin_is_asked(tmp_path: Path) -> None:
    config = plugin(tmp_path, 'echo "{\\"status\\": {\\"token\\": \\"$WHO-$1\\"}}"')
    assert load_kubeconfig(config).token == "ann-get-token"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param("echo broken >&2; exit 3", "plugin failed: broken", id="fails"),
        pytest.param("echo hello", "did not print an ExecCredential", id="prints-something-else"),
    ],
)
def test_a_credential_plugin_that_fails_is_named(tmp_path: Path, script: str, message: str) -> None:
    with pytest.raises(KubeconfigError, match=message):
        load_kubeconfig(plugin(tmp_path, script))


def test_a_pod_uses_its_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca.crt").write_bytes(b"CA")
    (tmp_path / "namespace").write_text("karmada-system")
    access = in_cluster_access(tmp_path)
    assert (access.server, access.token, access.ca_data) == ("https://[fd00::1]:443", "t", b"CA")
    assert access.namespace == "karmada-system"


def test_a_context_written_is_a_context_read(tmp_path: Path) -> None:
    config = with_context(
        new_kubeconfig(),
        context="karmada",
        cluster="plane",
        user="admin",
        server="https://plane",
        ca_data=b"CA",
        client_certificate=b"CERT",
        client_key=b"KEY",
        namespace="shop",
    )
    path = tmp_path / "new" / "karmada.config"
    write_kubeconfig(path, config)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    access = load_kubeconfig(path)
    assert (access.server, access.ca_data, access.client_key) == ("https://plane", b"CA", b"KEY")
    assert [file.name for file in path.parent.iterdir()] == ["karmada.config"]


def test_changing_one_context_keeps_the_others(tmp_path: Path) -> None:
    config = read_kubeconfig(write(tmp_path / "config", FULL))
    added = with_context(
        config, context="plane", cluster="plane", user="new", server="https://moved", token="t"
    )
    write_kubeconfig(tmp_path / "config", added)
    assert load_kubeconfig(tmp_path / "config").server == "https://moved"
    assert {entry["name"] for entry in added["contexts"]} == {"plane", "files", "anonymous"}
    removed = without_context(added, "plane")
    assert removed["current-context"] == ""
    assert {entry["name"] for entry in removed["users"]} == {"certified", "tokened"}
    assert "plane" in {entry["name"] for entry in removed["clusters"]}, "anonymous still needs it"
    assert without_context(removed, "nope") is removed
