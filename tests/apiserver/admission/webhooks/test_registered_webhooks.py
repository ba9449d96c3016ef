"""Registered webhooks of a running server, asked over TLS: what they see, and what clients see."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from apiserver.app.auditing import AuditOptions
from karmada.api.objects import Object
from tests.apiserver.serving import (
    APPLY,
    JSON_PATCH,
    Plane,
    Reply,
    config_map,
    deployment,
    running_plane,
)
from tests.support.webhooks import PlayedWebhook, hang, patch, played_webhook

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"
MUTATING = f"{CONFIGURATIONS}/mutatingwebhookconfigurations"
VALIDATING = f"{CONFIGURATIONS}/validatingwebhookconfigurations"
MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SCALERS = "horizontalpodautoscalers"
ALL_MAPS: Object = {
    "operations": ["*"],
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["configmaps"],
}


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane() as running:
        yield running


@pytest.fixture
async def hook(tmp_path: Path) -> AsyncIterator[PlayedWebhook]:
    async with played_webhook(tmp_path) as webhook:
        yield webhook


def webhook(hook: PlayedWebhook, name: str = "maps.example.test", **fields: Any) -> Object:
    return {
        "name": name,
        "rules": [ALL_MAPS],
        "clientConfig": hook.config(),
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        **fields,
    }


def configuration(kind: str, *webhooks: Object, name: str = "hooks") -> Object:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}WebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": list(webhooks),
    }


async def register(plane: Plane, kind: str, *webhooks: Object, name: str = "hooks") -> None:
    path = MUTATING if kind == "Mutating" else VALIDATING
    reply = await plane.post(path, configuration(kind, *webhooks, name=name))
    assert reply.status == 201, reply.message


async def test_a_validating_webhook_sees_the_request_and_lets_it_pass(
    plane: Plane, hook: PlayedWebhook
) -> None:
    await register(plane, "Validating", webhook(hook))
    reply = await plane.post(f"{MAPS}?fieldManager=me", config_map("a", {"k": "v"}))
    assert reply.status == 201
    review = hook.reviews[0]
    asked = review["request"]
    assert (review["apiVersion"], review["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert asked["kind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert asked["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert (asked["operation"], asked["name"], asked["namespace"]) == ("CREATE", "a", "default")
    assert asked["object"]["data"] == {"k": "v"}
    assert asked["oldObject"] is None
    assert asked["dryRun"] is False
    assert "system:masters" in asked["userInfo"]["groups"]
    assert asked["options"] == {
        "kind": "CreateOptions",
        "apiVersion": "meta.k8s.io/v1",
        "fieldManager": "me",
    }
    assert hook.requests[0].query == {"timeout": "10s"}
    assert hook.requests[0].headers["User-Agent"] == "kube-apiserver-admission"


@pytest.mark.parametrize(
    ("response", "code", "reason", "message"),
    [
        pytest.param(
            {"status": {"message": "nope"}},
            400,
            None,
            'admission webhook "maps.example.test" denied the request: nope',
            id="message",
        ),
        pytest.param(
            {"status": {"message": "nope", "code": 403, "reason": "Forbidden"}},
            403,
            "Forbidden",
            'admission webhook "maps.example.test" denied the request: nope',
            id="code-and-reason",
        ),
        pytest.param(
            {"status": {"reason": "Bad taste", "code": 200}},
            400,
            "Bad taste",
            'admission webhook "maps.example.test" denied the request: Bad taste',
            id="reason-only-and-a-code-of-success",
        ),
        pytest.param(
            {},
            400,
            None,
            'admission webhook "maps.example.test" denied the request without explanation',
            id="no-status",
        ),
    ],
)
async def test_a_denial_reaches_the_client_in_the_webhooks_words(
    plane: Plane, hook: PlayedWebhook, response: Object, code: int, reason: str | None, message: str
) -> None:
    await register(plane, "Validating", webhook(hook))
    hook.response = {"allowed": False, **response}
    reply = await plane.post(MAPS, config_map("a"))
    assert (reply.status, reply.object["code"], reply.message) == (code, code, message)
    assert reply.object.get("reason") == reason
    assert (await plane.get(f"{MAPS}/a")).status == 404


async def test_a_mutating_webhook_changes_what_is_stored(plane: Plane, hook: PlayedWebhook) -> None:
    hook.response = patch({"op": "add", "path": "/data", "value": {"from": "webhook"}})
    await register(plane, "Mutating", webhook(hook))
    assert (await plane.post(MAPS, config_map("a"))).object["data"] == {"from": "webhook"}
    assert (await plane.get(f"{MAPS}/a")).object["data"] == {"from": "webhook"}


async def test_validating_webhooks_see_what_mutating_ones_made(plane: Plane, hook: PlayedWebhook) -> None:
    async def answer(request: web.Request, review: Object) -> web.StreamResponse:
        if request.path == "/mutate":
            label = {"op": "add", "path": "/metadata/labels", "value": {"by": "webhook"}}
            return hook.well(review, **patch(label))
        return hook.well(review)

    hook.answer = answer
    await register(plane, "Mutating", webhook(hook, clientConfig=hook.config("/mutate")))
    await register(plane, "Validating", webhook(hook, clientConfig=hook.config("/validate")))
    await plane.post(DEPLOYMENTS, deployment("web"))
    assert hook.asked == []
    await plane.post(MAPS, config_map("a"))
    assert [each["object"]["metadata"].get("labels") for each in hook.asked] == [None, {"by": "webhook"}]


async def test_every_write_is_asked_about_with_the_old_object(plane: Plane, hook: PlayedWebhook) -> None:
    await register(plane, "Validating", webhook(hook))
    await plane.post(MAPS, config_map("a", {"k": "1"}))
    await plane.put(f"{MAPS}/a", config_map("a", {"k": "2"}))
    await plane.patch(f"{MAPS}/a", {"data": {"k": "3"}})
    await plane.patch(f"{MAPS}/a", [{"op": "replace", "path": "/data/k", "value": "4"}], JSON_PATCH)
    await plane.delete(f"{MAPS}/a")
    seen = [
        (
            each["operation"],
            *((each[which] or {}).get("data", {}).get("k") for which in ("oldObject", "object")),
        )
        for each in hook.asked
    ]
    assert seen == [
        ("CREATE", None, "1"),
        ("UPDATE", "1", "2"),
        ("UPDATE", "2", "3"),
        ("UPDATE", "3", "4"),
        ("DELETE", "4", None),
    ]
    assert [each["options"]["kind"] for each in hook.asked] == [
        "CreateOptions", "UpdateOptions", "UpdateOptions", "UpdateOptions", "DeleteOptions",
    ]  # fmt: skip


async def test_an_apply_that_creates_is_a_create(plane: Plane, hook: PlayedWebhook) -> None:
    await register(plane, "Validating", webhook(hook))
    await plane.call("PATCH", f"{MAPS}/a?fieldManager=me", config_map("a", {"k": "1"}), content_type=APPLY)
    assert [(each["operation"], each["options"]["kind"]) for each in hook.asked] == [
        ("CREATE", "CreateOptions")
    ]


async def test_a_deleted_collection_is_asked_about_object_by_object(
    plane: Plane, hook: PlayedWebhook
) -> None:
    for name in ("a", "b"):
        await plane.post(MAPS, config_map(name, labels={"mine": "yes"}))
    await register(plane, "Validating", webhook(hook))
    await plane.delete(f"{MAPS}?labelSelector=mine=yes")
    assert sorted(each["name"] for each in hook.asked) == ["a", "b"]
    hook.response = {"allowed": False, "status": {"message": "mine"}}
    await plane.post(MAPS.replace("default", "kube-system"), config_map("x"))
    assert (await plane.get(MAPS)).names == ["kube-root-ca.crt"] or (await plane.get(MAPS)).names == []


async def test_a_dry_run_is_said_to_be_one(plane: Plane, hook: PlayedWebhook) -> None:
    await register(plane, "Validating", webhook(hook, sideEffects="NoneOnDryRun"))
    await plane.post(f"{MAPS}?dryRun=All", config_map("a"))
    assert hook.asked[0]["dryRun"] is True
    assert hook.asked[0]["options"]["dryRun"] == ["All"]
    assert (await plane.get(f"{MAPS}/a")).status == 404


async def test_warnings_and_annotations_come_through(
    plane: Plane, hook: PlayedWebhook, tmp_path: Path
) -> None:
    hook.response = {"allowed": True, "warnings": ["careful"], "auditAnnotations": {"why": "because"}}
    await register(plane, "Validating", webhook(hook))
    reply = await plane.post(MAPS, config_map("a"))
    assert reply.warnings == ['299 - "careful"']


# -- what is asked about ------------------------------------------------------------------------------------


async def test_selectors_narrow_what_is_asked_about(plane: Plane, hook: PlayedWebhook) -> None:
    selector = {"matchLabels": {"watched": "yes"}}
    await register(plane, "Validating", webhook(hook, objectSelector=selector))
    await plane.post(MAPS, config_map("a"))
    await plane.post(MAPS, config_map("b", labels={"watched": "yes"}))
    await plane.patch(f"{MAPS}/b", {"metadata": {"labels": None}})
    assert [(each["operation"], each["name"]) for each in hook.asked] == [("CREATE", "b"), ("UPDATE", "b")]


async def test_a_namespace_selector_looks_at_the_namespace(plane: Plane, hook: PlayedWebhook) -> None:
    await register(plane, "Validating", webhook(hook, namespaceSelector={"matchLabels": {"strict": "yes"}}))
    labelled = {"metadata": {"name": "strict", "labels": {"strict": "yes"}}}
    await plane.post("/api/v1/namespaces", labelled)
    await plane.post(MAPS, config_map("a"))
    await plane.post("/api/v1/namespaces/strict/configmaps", config_map("a"))
    assert [each["namespace"] for each in hook.asked] == ["strict"]
    await plane.patch("/api/v1/namespaces/strict", {"metadata": {"labels": {"strict": None}}})
    await plane.post("/api/v1/namespaces/strict/configmaps", config_map("b"))
    assert len(hook.asked) == 1


async def test_an_equivalent_version_is_shown_in_the_version_of_the_rule(
    plane: Plane, hook: PlayedWebhook
) -> None:
    rule = {**ALL_MAPS, "apiGroups": ["autoscaling"], "apiVersions": ["v1"], "resources": [SCALERS]}
    hook.response = patch({"op": "replace", "path": "/spec/targetCPUUtilizationPercentage", "value": 42})
    exact = {**rule, "apiVersions": ["v1"]}
    await register(
        plane,
        "Mutating",
        webhook(hook, rules=[rule]),
        webhook(hook, "exact.example.test", rules=[exact], matchPolicy="Exact"),
    )
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 80},
                    },
                }
            ],
        },
    }
    reply = await plane.post(f"/apis/autoscaling/v2/namespaces/default/{SCALERS}", scaler)
    assert reply.status == 201, reply.message
    assert len(hook.asked) == 1
    assert hook.asked[0]["kind"]["version"] == "v1"
    assert hook.asked[0]["requestKind"]["version"] == "v2"
    assert hook.asked[0]["object"]["spec"]["targetCPUUtilizationPercentage"] == 80
    assert reply.object["apiVersion"] == "autoscaling/v2"
    assert reply.object["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 42


async def test_scale_is_asked_about_as_a_scale(plane: Plane, hook: PlayedWebhook) -> None:
    rule = {**ALL_MAPS, "apiGroups": ["apps"], "resources": ["*/scale"]}
    await register(plane, "Validating", webhook(hook, rules=[rule]))
    await plane.post(DEPLOYMENTS, deployment("web"))
    await plane.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 5}})
    asked = hook.asked[0]
    assert (asked["kind"]["kind"], asked["subResource"], asked["requestSubResource"]) == (
        "Scale", "scale", "scale",
    )  # fmt: skip
    assert (asked["oldObject"]["spec"], asked["object"]["spec"]) == ({"replicas": 2}, {"replicas": 5})
    hook.response = {"allowed": False, "status": {"message": "too many"}}
    reply = await plane.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 9}})
    assert reply.message == 'admission webhook "maps.example.test" denied the request: too many'
    assert (await plane.get(f"{DEPLOYMENTS}/web")).object["spec"]["replicas"] == 5


async def test_a_webhook_changes_the_scale_that_is_asked_for(plane: Plane, hook: PlayedWebhook) -> None:
    await plane.post(DEPLOYMENTS, deployment("web"))
    hook.response = patch({"op": "replace", "path": "/spec/replicas", "value": 4})
    rule = {**ALL_MAPS, "apiGroups": ["apps"], "resources": ["deployments/scale"]}
    await register(plane, "Mutating", webhook(hook, rules=[rule]))
    reply = await plane.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 9}})
    assert reply.object["spec"]["replicas"] == 4


async def test_a_change_of_the_spec_through_status_is_dropped(plane: Plane, hook: PlayedWebhook) -> None:
    await plane.post(DEPLOYMENTS, deployment("web"))
    hook.response = patch(
        {"op": "replace", "path": "/spec/replicas", "value": 9},
        {"op": "add", "path": "/status/replicas", "value": 7},
    )
    rule = {**ALL_MAPS, "apiGroups": ["apps"], "resources": ["deployments/status"]}
    await register(plane, "Mutating", webhook(hook, rules=[rule]))
    await plane.patch(f"{DEPLOYMENTS}/web/status", {"status": {"observedGeneration": 1}})
    stored = (await plane.get(f"{DEPLOYMENTS}/web")).object
    assert (stored["spec"]["replicas"], stored["status"]["replicas"]) == (2, 7)


async def test_bindings_and_evictions_of_pods_are_asked_about(plane: Plane, hook: PlayedWebhook) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    await plane.post("/api/v1/namespaces/default/pods", pod)
    rule = {**ALL_MAPS, "resources": ["pods/*"]}
    await register(plane, "Validating", webhook(hook, rules=[rule]))
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
    assert (await plane.post("/api/v1/namespaces/default/pods/p/binding", binding)).status == 201
    eviction = {"metadata": {"name": "p"}}
    hook.response = {"allowed": False, "status": {"message": "stay"}}
    reply = await plane.post("/api/v1/namespaces/default/pods/p/eviction", eviction)
    assert reply.message.endswith("denied the request: stay")
    assert [(each["operation"], each["kind"]["kind"], each["subResource"]) for each in hook.asked] == [
        ("CREATE", "Binding", "binding"),
        ("CREATE", "Eviction", "eviction"),
    ]
    assert (await plane.get("/api/v1/namespaces/default/pods/p")).status == 200


async def test_connections_are_asked_about(plane: Plane, hook: PlayedWebhook) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    await plane.post("/api/v1/namespaces/default/pods", pod)
    rule = {**ALL_MAPS, "operations": ["CONNECT"], "resources": ["pods/exec"]}
    hook.response = {"allowed": False, "status": {"message": "no shells", "code": 403}}
    await register(plane, "Validating", webhook(hook, rules=[rule]))
    reply = await plane.post("/api/v1/namespaces/default/pods/p/exec?command=sh&stdin=true", None)
    assert (reply.status, reply.message) == (
        403,
        'admission webhook "maps.example.test" denied the request: no shells',
    )
    assert hook.asked[0]["object"] == {
        "kind": "PodExecOptions", "apiVersion": "v1", "stdin": True, "command": ["sh"],
    }  # fmt: skip


async def test_webhooks_are_never_asked_about_their_own_configurations(
    plane: Plane, hook: PlayedWebhook
) -> None:
    everything = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
    hook.response = {"allowed": False}
    await register(plane, "Validating", webhook(hook, rules=[everything]))
    assert (await plane.post(MAPS, config_map("a"))).status == 400
    assert (await plane.delete(f"{VALIDATING}/hooks")).status == 200
    assert (await plane.post(MAPS, config_map("a"))).status == 201


# -- what goes wrong ----------------------------------------------------------------------------------------


async def misbehaved(request: web.Request, review: Object) -> web.StreamResponse:
    head = {"apiVersion": review["apiVersion"], "kind": review["kind"]}
    uid = review["request"]["uid"]
    match request.path:
        case "/error":
            return web.Response(status=500)
        case "/text":
            return web.Response(text="hello")
        case "/empty":
            return web.json_response({**head})
        case "/stranger":
            return web.json_response({**head, "response": {"uid": "x", "allowed": True}})
        case "/kind":
            return web.json_response({"response": {"uid": uid, "allowed": True}})
        case "/patch":
            return web.json_response({**head, "response": {"uid": uid, **patch()}})
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


CALLING = 'Internal error occurred: failed calling webhook "maps.example.test": '


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param(
            "/error",
            'failed to call webhook: an error on the server ("unknown") has prevented the request from '
            "succeeding",
            id="error",
        ),
        pytest.param("/text", "failed to call webhook: couldn't get version/kind; ", id="no-json"),
        pytest.param("/empty", "received invalid webhook response: webhook response was absent", id="empty"),
        pytest.param(
            "/stranger", "received invalid webhook response: expected response.uid=", id="other-uid"
        ),
        pytest.param("/kind", "received invalid webhook response: expected webhook response of ", id="kind"),
        pytest.param(
            "/patch",
            "received invalid webhook response: validating webhook may not return response.patch",
            id="patch-of-a-validating-webhook",
        ),
        pytest.param("/hangup", "failed to call webhook: Post ", id="hangs-up"),
    ],
)
async def test_a_webhook_that_misbehaves_fails_the_request(
    plane: Plane, hook: PlayedWebhook, path: str, text: str
) -> None:
    hook.answer = misbehaved
    await register(plane, "Validating", webhook(hook, clientConfig=hook.config(path)))
    reply = await plane.post(MAPS, config_map("a"))
    assert (reply.status, reply.object["reason"]) == (500, "InternalError")
    assert reply.message.startswith(CALLING + text)


async def test_a_hanging_webhook_costs_its_timeout_and_no_more(plane: Plane, hook: PlayedWebhook) -> None:
    hook.answer = hang
    fails_open = webhook(hook, "open.example.test", timeoutSeconds=1, failurePolicy="Ignore")
    await register(plane, "Validating", fails_open)
    assert (await plane.post(MAPS, config_map("a"))).status == 201
    await plane.delete(f"{VALIDATING}/hooks")
    await register(plane, "Validating", webhook(hook, timeoutSeconds=1))
    reply = await plane.post(MAPS, config_map("b"))
    assert reply.status == 500
    assert reply.message == (
        f'{CALLING}failed to call webhook: Post "https://127.0.0.1:{hook.port}/review?timeout=1s": '
        "context deadline exceeded"
    )


@pytest.mark.parametrize(
    ("policy", "status"), [pytest.param("Ignore", 201, id="ignore"), pytest.param("Fail", 500, id="fail")]
)
async def test_a_webhook_that_dies_is_treated_as_its_failure_policy_says(
    plane: Plane, hook: PlayedWebhook, policy: str, status: int
) -> None:
    await register(plane, "Validating", webhook(hook, failurePolicy=policy))
    assert (await plane.post(MAPS, config_map("a"))).status == 201
    await hook.kill()
    reply = await plane.post(MAPS, config_map("b"))
    assert reply.status == status
    if status == 500:
        address = f"127.0.0.1:{hook.port}"
        assert reply.message == (
            f'{CALLING}failed to call webhook: Post "https://{address}/review?timeout=10s": '
            f"dial tcp {address}: connect: connection refused"
        )
    await hook.start()
    assert (await plane.post(MAPS, config_map("c"))).status == 201


@pytest.mark.parametrize(
    ("response", "text"),
    [
        pytest.param(patch({"op": "remove", "path": "/nothing"}), "", id="does-not-apply"),
        pytest.param(patch({"op": "replace", "path": "/data", "value": 7}), "", id="wrong-type"),
        pytest.param({"allowed": True, "patch": "W10="}, "response.patchType", id="no-type"),
        pytest.param(
            {"allowed": True, "patch": "W10=", "patchType": "Merge"}, "invalid response.patchType", id="type"
        ),
        pytest.param({"allowed": True, "patch": "!", "patchType": "JSONPatch"}, "base64", id="no-base64"),
    ],
)
async def test_a_patch_that_is_no_good_fails_the_request(
    plane: Plane, hook: PlayedWebhook, response: Object, text: str
) -> None:
    hook.response = response
    await register(plane, "Mutating", webhook(hook))
    reply = await plane.post(MAPS, config_map("a"))
    assert (reply.status, reply.object["reason"]) == (500, "InternalError")
    assert text in reply.message
    assert (await plane.get(f"{MAPS}/a")).status == 404


async def test_connections_are_kept(plane: Plane, hook: PlayedWebhook) -> None:
    await register(plane, "Validating", webhook(hook))
    for name in "abc":
        await plane.post(MAPS, config_map(name))
    assert len(hook.connections) == 1


async def test_a_refusal_does_not_depend_on_who_answers_first(plane: Plane, hook: PlayedWebhook) -> None:
    async def answer(request: web.Request, review: Object) -> web.StreamResponse:
        return hook.well(review, allowed=False, status={"message": request.path})

    hook.answer = answer
    names = ("one", "two", "three")
    hooks = [webhook(hook, f"{name}.example.test", clientConfig=hook.config(f"/{name}")) for name in names]
    await register(plane, "Validating", *hooks)
    reply = await plane.post(MAPS, config_map("a"))
    assert reply.message == 'admission webhook "one.example.test" denied the request: /one'
    assert len(hook.asked) == 3


# -- reinvocation and services ------------------------------------------------------------------------------


def appending(hook: PlayedWebhook) -> Any:
    """Each webhook adds its path to the data once; those asked again see what others added."""

    async def answer(request: web.Request, review: Object) -> web.StreamResponse:
        key = request.path.strip("/")
        data = review["request"]["object"].get("data") or {}
        if key in data:
            return hook.well(review)
        value = {**data, key: "+".join(sorted(data))}
        return hook.well(review, **patch({"op": "add", "path": "/data", "value": value}))

    return answer


async def test_a_webhook_is_asked_again_when_a_later_one_changed_something(
    plane: Plane, hook: PlayedWebhook
) -> None:
    hook.answer = appending(hook)
    await register(
        plane,
        "Mutating",
        webhook(hook, "a.example.test", clientConfig=hook.config("/a"), reinvocationPolicy="IfNeeded"),
        webhook(hook, "b.example.test", clientConfig=hook.config("/b")),
        webhook(hook, "c.example.test", clientConfig=hook.config("/c"), reinvocationPolicy="IfNeeded"),
    )
    reply = await plane.post(MAPS, config_map("x"))
    assert reply.object["data"] == {"a": "", "b": "a", "c": "a+b"}
    assert [request.path for request in hook.requests] == ["/a", "/b", "/c", "/a"]


def service(**spec: Any) -> Object:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hooks"}, "spec": spec}


async def mill(plane: Plane, hook: PlayedWebhook, spec: Object | None) -> Reply:
    await plane.post("/api/v1/namespaces", {"metadata": {"name": "mill"}})
    if spec is not None:
        made = await plane.post("/api/v1/namespaces/mill/services", service(**spec))
        assert made.status == 201, made.message
    reference = {"namespace": "mill", "name": "hooks", "path": "/review", "port": hook.port}
    config = {"service": reference, "caBundle": hook.bundle}
    await register(plane, "Validating", webhook(hook, clientConfig=config))
    return await plane.post(MAPS, config_map("a"))


async def test_a_service_whose_pods_are_gone_is_an_error(plane: Plane, hook: PlayedWebhook) -> None:
    slice_ = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "hooks-1", "labels": {"kubernetes.io/service-name": "hooks"}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": hook.port}],
        "endpoints": [],
    }
    await plane.post("/api/v1/namespaces", {"metadata": {"name": "mill"}})
    slices = "/apis/discovery.k8s.io/v1/namespaces/mill/endpointslices"
    assert (await plane.post(slices, slice_)).status == 201
    reply = await mill(plane, hook, {"ports": [{"port": hook.port}]})
    text = f'{CALLING}failed to call webhook: no endpoints available for service "hooks"'
    assert reply.message == text


async def test_an_external_service_is_called_by_its_name(plane: Plane, hook: PlayedWebhook) -> None:
    spec = {"type": "ExternalName", "externalName": "127.0.0.1"}
    assert (await mill(plane, hook, spec)).status == 201


async def test_a_service_that_is_missing_is_an_error(plane: Plane, hook: PlayedWebhook) -> None:
    reply = await mill(plane, hook, None)
    assert reply.message == f'{CALLING}failed to call webhook: service "hooks" not found'


async def test_the_audit_log_tells_what_webhooks_did(hook: PlayedWebhook, tmp_path: Path) -> None:
    async with running_plane(audit=AuditOptions(log_path=str(tmp_path / "audit.log"))) as plane:
        hook.response = {
            **patch({"op": "add", "path": "/data", "value": {"by": "hook"}}),
            "auditAnnotations": {"why": "because"},
        }
        await register(plane, "Mutating", webhook(hook))
        nobody = {"url": "https://127.0.0.1:1/", "caBundle": hook.bundle}
        broken = webhook(hook, "broken.example.test", clientConfig=nobody, failurePolicy="Ignore")
        await register(plane, "Validating", broken)
        assert (await plane.post(MAPS, config_map("a"))).status == 201
    lines = (tmp_path / "audit.log").read_bytes().splitlines()
    records = [orjson.loads(line) for line in lines]
    told = next(each for each in records if each["objectRef"]["resource"] == "configmaps")["annotations"]
    assert told["maps.example.test/why"] == "because"
    assert told["failed-open.validating.webhook.admission.k8s.io/round_0_index_0"] == "broken.example.test"
    assert orjson.loads(told["mutation.webhook.admission.k8s.io/round_0_index_0"]) == {
        "configuration": "hooks",
        "webhook": "maps.example.test",
        "mutated": True,
    }
