"""Objects made from flags are those kubectl makes."""

import base64
from pathlib import Path
from typing import Any

import pytest

from karmada.api.codec import loads_yaml
from karmada.cli.generate import GENERATORS
from karmada.cli.generate.workloads import container_name
from karmada.cli.parsing import Parser, parse
from karmada.cli.scope import CommandError


def made(kind: str, *words: str) -> dict[str, Any]:
    generator = GENERATORS[kind]
    parser = Parser(prog="create")
    generator.flags(parser)
    return generator.make(parse(parser, words))


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        ("namespace", ["shop"], "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}"),
        (
            "configmap",
            ["c", "--from-literal=a=b=c"],
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b=c}}",
        ),
        (
            "deployment",
            ["web", "--image=r.io/x/nginx:1", "--replicas=3", "--port=80", "--", "run", "-x"],
            """
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {app: web}},
             spec: {replicas: 3, selector: {matchLabels: {app: web}}, strategy: {},
              template: {metadata: {labels: {app: web}},
               spec: {containers: [{name: nginx, image: "r.io/x/nginx:1", command: [run, -x],
                                    ports: [{containerPort: 80}]}]}}}}""",
        ),
        (
            "service clusterip",
            ["web", "--tcp=80:8080"],
            """
            {apiVersion: v1, kind: Service, metadata: {name: web, labels: {app: web}},
             spec: {type: ClusterIP, selector: {app: web},
              ports: [{name: 80-8080, port: 80, protocol: TCP, targetPort: 8080}]}}""",
        ),
        (
            "ingress",
            ["web", "--class=c", "--rule=a.io/x*=svc:80,tls=t", "--rule=a.io/=svc:http"],
            """
            {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web},
             spec: {ingressClassName: c, tls: [{hosts: [a.io], secretName: t}],
              rules: [{host: a.io, http: {paths: [
               {path: /x, pathType: Prefix, backend: {service: {name: svc, port: {number: 80}}}},
               {path: /, pathType: Exact, backend: {service: {name: svc, port: {name: http}}}}]}}]}}""",
        ),
        (
            "clusterrole",
            ["r", "--verb=get,list", "--resource=pods,deployments.apps/scale", "--non-resource-url=/healthz"],
            """
            {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}, rules: [
             {apiGroups: [""], resources: [pods], verbs: [get, list]},
             {apiGroups: [apps], resources: [deployments/scale], verbs: [get, list]},
             {nonResourceURLs: [/healthz], verbs: [get, list]}]}""",
        ),
        (
            "rolebinding",
            ["b", "--role=r", "--user=u", "--serviceaccount=ns:sa"],
            """
            {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b},
             roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r},
             subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: u},
                        {kind: ServiceAccount, name: sa, namespace: ns}]}""",
        ),
        (
            "quota",
            ["q", "--hard=pods=3,cpu=1"],
            "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: '3', cpu: '1'}}}",
        ),
        (
            "cronjob",
            ["c", "--image=i", "--schedule=* * * * *"],
            """
            {apiVersion: batch/v1, kind: CronJob, metadata: {name: c},
             spec: {schedule: "* * * * *", jobTemplate: {metadata: {name: c}, spec: {template: {metadata: {},
              spec: {containers: [{name: c, image: i}], restartPolicy: OnFailure}}}}}}""",
        ),
    ],
)
def test_flags_make_an_object(kind: str, words: list[str], expected: str) -> None:
    assert made(kind, *words) == loads_yaml(expected)


def test_files_become_data(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.bin").write_bytes(b"\xff\x00")
    found = made("configmap", "c", f"--from-file={tmp_path}")
    assert found["data"] == {"a.txt": "text"}
    assert base64.b64decode(found["binaryData"]["b.bin"]) == b"\xff\x00"
    secret = made("secret generic", "s", f"--from-file=key={tmp_path / 'a.txt'}", "--type=x/y")
    assert (secret["type"], base64.b64decode(secret["data"]["key"])) == ("x/y", b"text")


@pytest.mark.parametrize(
    ("kind", "words", "complaint"),
    [
        (
            "configmap",
            ["c", "--from-literal=a=1", "--from-literal=a=2", "--from-file=a=/dev/null"],
            "another key",
        ),
        ("configmap", ["c", "--from-literal=a"], "expected key=value"),
        ("service clusterip", ["s"], "at least one tcp port"),
        ("service clusterip", ["s", "--tcp=x"], 'invalid port "x"'),
        ("ingress", ["i"], "not enough information"),
        ("ingress", ["i", "--rule=a"], "is invalid and should be in format"),
        ("clusterrole", ["r", "--resource=pods"], "at least one verb"),
        ("rolebinding", ["b"], "exactly one of clusterrole or role"),
        ("poddisruptionbudget", ["p", "--selector=a=b"], "one of min-available or max-unavailable"),
        ("deployment", ["d"], 'required flag(s) "image" not set'),
        ("secret docker-registry", ["s"], "either --from-file or the combination"),
    ],
)
def test_what_is_missing_is_told(kind: str, words: list[str], complaint: str) -> None:
    with pytest.raises(CommandError) as told:
        made(kind, *words)
    assert complaint in str(told.value)


@pytest.mark.parametrize("image", ["nginx", "nginx:1", "r.io:5000/x/nginx@sha256:0", "r.io/nginx"])
def test_a_container_is_named_after_its_image(image: str) -> None:
    assert container_name(image) == "nginx"
