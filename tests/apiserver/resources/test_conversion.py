"""Versions that differ in shape, over HTTP."""

from tests.apiserver.serving import Plane

AUTOSCALERS = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
EVENTS = "/api/v1/namespaces/default/events"
NEW_EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events"
BINDINGS = "/apis/work.karmada.io/{}/namespaces/default/resourcebindings"


async def test_an_autoscaler_of_version_1_is_stored_as_version_2_and_comes_back(plane: Plane) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    spec = {"scaleTargetRef": target, "maxReplicas": 5, "targetCPUUtilizationPercentage": 70}
    body = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": spec,
    }
    created = await plane.post(AUTOSCALERS.format("v1"), body)
    assert created.status == 201, created.body
    assert created.object["spec"]["targetCPUUtilizationPercentage"] == 70
    newer = (await plane.get(AUTOSCALERS.format("v2") + "/h")).object
    assert newer["apiVersion"] == "autoscaling/v2"
    assert newer["spec"]["metrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
        }
    ]
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 60}},
    }
    patch = {"spec": {"metrics": [*newer["spec"]["metrics"], memory]}}
    assert (await plane.patch(AUTOSCALERS.format("v2") + "/h", patch)).status == 200
    older = (await plane.get(AUTOSCALERS.format("v1") + "/h")).object
    assert older["spec"]["targetCPUUtilizationPercentage"] == 70
    assert "memory" in older["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"]
    assert (await plane.put(AUTOSCALERS.format("v1") + "/h", older)).status == 200
    kept = (await plane.get(AUTOSCALERS.format("v2") + "/h")).object["spec"]["metrics"]
    assert sorted(metric["resource"]["name"] for metric in kept) == ["cpu", "memory"]


async def test_an_event_is_one_object_under_two_names(plane: Plane) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "reason": "Started",
        "message": "hello",
        "type": "Normal",
    }
    assert (await plane.post(EVENTS, body)).status == 201
    newer = (await plane.get(f"{NEW_EVENTS}/e")).object
    assert (newer["apiVersion"], newer["note"], newer["regarding"]["name"]) == (
        "events.k8s.io/v1",
        "hello",
        "p",
    )
    assert (await plane.get(f"{NEW_EVENTS}?fieldSelector=regarding.name%3Dp")).names == ["e"]
    assert (await plane.get(f"{EVENTS}?fieldSelector=involvedObject.name%3Dp,reason!%3DStarted")).names == []
    watched = await plane.get(f"{NEW_EVENTS}?watch=1&timeoutSeconds=1")
    assert watched.lines[0]["object"]["note"] == "hello"


async def test_bindings_of_the_first_version_are_for_reading(plane: Plane) -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "namespace": "default"}
    body = {
        "apiVersion": "work.karmada.io/v1alpha2",
        "kind": "ResourceBinding",
        "metadata": {"name": "b", "finalizers": ["x.io/y"]},
        "spec": {"resource": reference, "replicas": 3, "clusters": [{"name": "m1", "replicas": 3}]},
    }
    created = await plane.post(BINDINGS.format("v1alpha2"), body)
    assert created.status == 201, created.body
    old = (await plane.get(BINDINGS.format("v1alpha1") + "/b")).object
    assert old["apiVersion"] == "work.karmada.io/v1alpha1"
    assert (old["spec"]["resource"]["replicas"], old["spec"]["clusters"]) == (
        3,
        [{"name": "m1", "replicas": 3}],
    )
    refused = await plane.patch(BINDINGS.format("v1alpha1") + "/b", {"metadata": {"labels": {"a": "b"}}})
    assert refused.status == 400
    # A deletion through the old version keeps what only the new one knows.
    assert (await plane.delete(BINDINGS.format("v1alpha1") + "/b")).status == 200
    marked = (await plane.get(BINDINGS.format("v1alpha2") + "/b")).object
    assert marked["metadata"]["deletionTimestamp"]
    assert marked["spec"]["replicas"] == 3
