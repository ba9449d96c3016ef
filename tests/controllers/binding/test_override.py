"""Override policies: which apply, in which order, and what each overrider changes."""

from typing import Any

import orjson
import pytest

from controllers.binding.override import Overridden, OverrideFailed, applied_annotation, overridden
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import OverridePolicy
from karmada.api.objects import Object

MEMBER1 = Cluster.from_json(
    {
        "metadata": {"name": "member1", "labels": {"env": "prod"}},
        "spec": {"provider": "acme", "region": "north", "zones": ["n1", "n2"]},
    }
)


def policy(
    name: str, overriders: Object | None = None, *, namespace: str = "shop", **spec: Any
) -> OverridePolicy:
    """An override policy with one rule for every cluster; namespace "" makes it cluster-wide."""
    if overriders is not None:
        spec["overrideRules"] = [{"overriders": overriders}]
    return OverridePolicy.from_json({"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def deployment(**metadata: Any) -> Object:
    container = {"name": "app", "image": "r.test/shop/web:1.4", "command": ["serve", "--quiet"]}
    init = {"name": "prep", "image": "r.test/prep:1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", **metadata},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [container], "initContainers": [init]}}},
    }


def config(data: dict[str, str], **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "shop", **metadata},
        "data": data,
    }


def changed(manifest: Object, overriders: Object) -> Object:
    return overridden(manifest, MEMBER1, cluster_policies=(), policies=[policy("p", overriders)]).manifest


@pytest.mark.parametrize(
    ("kind", "spec", "image_path"),
    [
        ("Pod", {"containers": [{"name": "a", "image": "web:1"}]}, ["containers"]),
        (
            "Job",
            {"template": {"spec": {"containers": [{"name": "a", "image": "web:1"}]}}},
            ["template", "spec", "containers"],
        ),
    ],
    ids=["pod", "job"],
)
def test_images_of_known_kinds_are_found(kind: str, spec: Object, image_path: list[str]) -> None:
    manifest = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}
    rule = policy(
        "p", {"imageOverrider": [{"component": "Tag", "operator": "replace", "value": "2"}]}, namespace=""
    )
    found: Any = overridden(manifest, MEMBER1, cluster_policies=[rule], policies=()).manifest["spec"]
    for step in image_path:
        found = found[step]
    assert found[0]["image"] == "web:2"


def test_all_containers_but_no_init_container_get_another_image() -> None:
    image = {"component": "Registry", "operator": "add", "value": ".eu"}
    pod = changed(deployment(), {"imageOverrider": [image]})["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "r.test.eu/shop/web:1.4"
    assert pod["initContainers"][0]["image"] == "r.test/prep:1"


def test_a_predicate_names_one_image() -> None:
    image = {
        "predicate": {"path": "/spec/template/spec/initContainers/0/image"},
        "component": "Tag",
        "operator": "replace",
        "value": "9",
    }
    pod = changed(deployment(), {"imageOverrider": [image]})["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "r.test/shop/web:1.4"
    assert pod["initContainers"][0]["image"] == "r.test/prep:9"


@pytest.mark.parametrize(
    ("overrider", "expected"),
    [
        pytest.param(
            {"operator": "add", "value": ["--debug", "serve"]},
            ["serve", "--quiet", "--debug", "serve"],
            id="add-keeps-duplicates",
        ),
        pytest.param({"operator": "remove", "value": ["--quiet"]}, ["serve"], id="remove"),
        pytest.param(
            {"containerName": "nobody", "operator": "add", "value": ["x"]},
            ["serve", "--quiet"],
            id="other-container",
        ),
    ],
)
def test_commands_change_in_the_named_container(overrider: Object, expected: list[str]) -> None:
    result = changed(deployment(), {"commandOverrider": [{"containerName": "app", **overrider}]})
    assert result["spec"]["template"]["spec"]["containers"][0]["command"] == expected


@pytest.mark.parametrize(
    ("operator", "expected"), [("add", ["run"]), ("remove", [])], ids=["add-sets", "remove-empties"]
)
def test_absent_arguments_become_a_list(operator: str, expected: list[str]) -> None:
    item = {"containerName": "app", "operator": operator, "value": ["run"]}
    result = changed(deployment(), {"argsOverrider": [item]})
    assert result["spec"]["template"]["spec"]["containers"][0]["args"] == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param(
            [{"operator": "add", "value": {"tier": "b", "new": "n"}}],
            {"tier": "b", "app": "web", "new": "n"},
            id="add-also-overwrites",
        ),
        pytest.param(
            [{"operator": "replace", "value": {"tier": "b", "new": "n"}}],
            {"tier": "b", "app": "web"},
            id="replace-only-what-is-there",
        ),
        pytest.param(
            [{"operator": "remove", "value": {"tier": "", "new": ""}}], {"app": "web"}, id="remove-by-key"
        ),
        pytest.param(
            [{"operator": "remove", "value": {"tier": "", "app": ""}}], {}, id="an-emptied-map-stays"
        ),
        pytest.param(
            [{"operator": "add", "value": {"x": "1"}}, {"operator": "replace", "value": {"x": "2"}}],
            {"tier": "a", "app": "web", "x": "2"},
            id="one-after-the-other",
        ),
    ],
)
@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_labels_and_annotations_are_changed_by_key(
    field: str, items: list[Object], expected: dict[str, str]
) -> None:
    manifest = deployment(**{field: {"tier": "a", "app": "web"}})
    assert changed(manifest, {f"{field}Overrider": items})["metadata"][field] == expected


def test_labels_are_created_when_there_are_none() -> None:
    item = {"operator": "add", "value": {"a": "b"}}
    assert changed(deployment(), {"labelsOverrider": [item]})["metadata"]["labels"] == {"a": "b"}


def test_documents_inside_fields_are_edited() -> None:
    manifest = config(
        {
            "db.yaml": "database:\n  host: db1\n  port: 5432\nflags:\n  - a\n",
            "ui.json": '{"theme":"light","size":{"w":1,"h":2}}',
        }
    )
    overriders = {
        "fieldOverrider": [
            {
                "fieldPath": "/data/db.yaml",
                "yaml": [
                    {"subPath": "/database/host", "operator": "replace", "value": "db2"},
                    {"subPath": "/flags/-", "operator": "add", "value": "b"},
                ],
            },
            {
                "fieldPath": "/data/ui.json",
                "json": [
                    {"subPath": "/theme", "operator": "replace", "value": "dark"},
                    {"subPath": "/size/h", "operator": "remove"},
                ],
            },
        ]
    }
    assert changed(manifest, overriders)["data"] == {
        "db.yaml": "database:\n  host: db2\n  port: 5432\nflags:\n- a\n- b\n",
        "ui.json": '{"theme":"dark","size":{"w":1}}',
    }


def test_plaintext_comes_last_and_escapes_keys() -> None:
    overriders = {
        "plaintext": [
            {"path": "/metadata/labels/colour", "operator": "replace", "value": "red"},
            {"path": "/metadata/annotations", "operator": "add", "value": {}},
            {"path": "/metadata/annotations/example.test~1zone", "operator": "add", "value": "b"},
            {"path": "/spec/replicas", "operator": "replace", "value": 3},
        ],
        "labelsOverrider": [{"operator": "add", "value": {"colour": "blue"}}],
    }
    result = changed(deployment(), overriders)
    assert result["metadata"]["labels"] == {"colour": "red"}
    assert result["metadata"]["annotations"] == {"example.test/zone": "b"}
    assert result["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    "overriders",
    [
        pytest.param(
            {"plaintext": [{"path": "/spec/nowhere/deep", "operator": "replace", "value": 1}]}, id="path"
        ),
        pytest.param(
            {
                "fieldOverrider": [
                    {"fieldPath": "/spec/replicas", "json": [{"subPath": "/a", "operator": "remove"}]}
                ]
            },
            id="field-that-is-no-text",
        ),
        pytest.param(
            {
                "fieldOverrider": [
                    {"fieldPath": "/metadata/name", "json": [{"subPath": "/a", "operator": "remove"}]}
                ]
            },
            id="text-that-is-no-document",
        ),
        pytest.param(
            {
                "imageOverrider": [
                    {"predicate": {"path": "/spec/replicas"}, "component": "Tag", "operator": "remove"}
                ]
            },
            id="image-that-is-no-text",
        ),
    ],
)
def test_a_rule_that_cannot_be_applied_names_its_policy(overriders: Object) -> None:
    with pytest.raises(OverrideFailed) as caught:
        changed(deployment(), overriders)
    assert caught.value.title == "override policy(shop/p)"


@pytest.mark.parametrize(
    "spec",
    [
        "text",
        {"template": []},
        {"template": {"spec": {"containers": {"a": 1}}}},
        {"template": {"spec": {"containers": ["a", None]}}},
    ],
    ids=["text", "list", "map", "names"],
)
def test_a_custom_kind_of_a_known_name_may_hold_anything(spec: Any) -> None:
    manifest = {"apiVersion": "x.test/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}
    tag = {"component": "Tag", "operator": "remove"}
    rule = policy("p", {"imageOverrider": [tag]}, namespace="")
    assert overridden(manifest, MEMBER1, cluster_policies=[rule], policies=()).manifest["spec"] == spec


def test_the_template_is_never_changed() -> None:
    manifest = deployment(labels={"a": "b"})
    before = orjson.dumps(manifest)
    changed(
        manifest,
        {
            "plaintext": [{"path": "/spec/template", "operator": "remove"}],
            "labelsOverrider": [{"operator": "remove", "value": {"a": ""}}],
        },
    )
    assert orjson.dumps(manifest) == before


def test_without_a_rule_the_manifest_is_handed_back() -> None:
    manifest = deployment()
    elsewhere = policy("p", {}, resourceSelectors=[{"apiVersion": "v1", "kind": "Secret"}])
    assert overridden(manifest, MEMBER1, cluster_policies=(), policies=[elsewhere]) == Overridden(manifest)


@pytest.mark.parametrize(
    ("target", "applies"),
    [
        pytest.param(None, True, id="no-target"),
        pytest.param({}, True, id="empty-target"),
        pytest.param({"clusterNames": ["member1"]}, True, id="named"),
        pytest.param({"clusterNames": ["member2"]}, False, id="another-named"),
        pytest.param({"exclude": ["member1"]}, False, id="excluded"),
        pytest.param({"clusterNames": ["member1"], "exclude": ["member1"]}, False, id="exclusion-wins"),
        pytest.param({"labelSelector": {"matchLabels": {"env": "prod"}}}, True, id="label"),
        pytest.param({"labelSelector": {"matchLabels": {"env": "dev"}}}, False, id="other-label"),
        pytest.param(
            {"labelSelector": {"matchExpressions": [{"key": "env", "operator": "?"}]}},
            False,
            id="invalid-selector",
        ),
    ],
)
def test_a_rule_is_for_its_target_clusters(target: Object | None, applies: bool) -> None:
    rule: Object = {"overriders": {"labelsOverrider": [{"operator": "add", "value": {"hit": "1"}}]}}
    if target is not None:
        rule["targetCluster"] = target
    found = overridden(
        deployment(), MEMBER1, cluster_policies=(), policies=[policy("p", overrideRules=[rule])]
    )
    assert bool(found.overrides) is applies


@pytest.mark.parametrize(
    ("key", "operator", "values", "applies"),
    [
        ("provider", "In", ["acme"], True),
        ("provider", "NotIn", ["acme"], False),
        ("region", "Exists", [], True),
        ("region", "DoesNotExist", [], False),
        ("region", "Gt", ["5"], False),
        ("zone", "In", ["n2", "n9"], True),
        ("zone", "NotIn", ["n2"], False),
        ("zone", "Exists", [], True),
        ("zone", "DoesNotExist", [], False),
        ("zone", "Gt", ["1"], False),
        ("colour", "NotIn", ["red"], True),
        ("colour", "In", ["red"], False),
    ],
)
def test_a_target_may_be_chosen_by_fields(key: str, operator: str, values: list[str], applies: bool) -> None:
    expression = {"key": key, "operator": operator, "values": values}
    rule = {
        "targetCluster": {"fieldSelector": {"matchExpressions": [expression]}},
        "overriders": {"labelsOverrider": [{"operator": "add", "value": {"hit": "1"}}]},
    }
    found = overridden(
        deployment(), MEMBER1, cluster_policies=(), policies=[policy("p", overrideRules=[rule])]
    )
    assert bool(found.overrides) is applies


def test_the_deprecated_pair_is_one_rule() -> None:
    old = policy(
        "old",
        targetCluster={"clusterNames": ["member1"]},
        overriders={"labelsOverrider": [{"operator": "add", "value": {"hit": "1"}}]},
    )
    found = overridden(deployment(), MEMBER1, cluster_policies=(), policies=[old])
    assert found.manifest["metadata"]["labels"] == {"hit": "1"}


def _writes(who: str, *, namespace: str = "shop", **selector: Any) -> OverridePolicy:
    """A policy of this name that writes it into the label `who`."""
    return policy(
        who,
        {"labelsOverrider": [{"operator": "add", "value": {"who": who}}]},
        namespace=namespace,
        resourceSelectors=[{"apiVersion": "apps/v1", "kind": "Deployment", **selector}],
    )


@pytest.mark.parametrize(
    ("cluster_policies", "policies", "expected"),
    [
        pytest.param([], [_writes("a"), _writes("b")], "b", id="alphabetically-last"),
        pytest.param([], [_writes("a", name="web"), _writes("b")], "a", id="name-over-all"),
        pytest.param(
            [], [_writes("z", labelSelector={}), _writes("a", name="web")], "a", id="name-over-labels"
        ),
        pytest.param(
            [_writes("z", namespace="", name="web")], [_writes("a")], "a", id="namespaced-after-cluster-wide"
        ),
    ],
)
def test_the_last_word_is_the_most_precise(
    cluster_policies: list[OverridePolicy], policies: list[OverridePolicy], expected: str
) -> None:
    for order in (policies, policies[::-1]):
        found = overridden(deployment(), MEMBER1, cluster_policies=cluster_policies, policies=order)
        assert found.manifest["metadata"]["labels"]["who"] == expected


def test_namespaced_policies_see_what_cluster_wide_ones_changed() -> None:
    tag = {"imageOverrider": [{"component": "Tag", "operator": "replace", "value": "1.27"}]}
    front = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "labelSelector": {"matchLabels": {"tier": "front"}}}
    ]
    named = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}]
    cluster_wide = [
        policy(
            "a-all",
            {"imageOverrider": [{"component": "Registry", "operator": "replace", "value": "m.test"}]},
            namespace="",
        ),
        policy(
            "b-web",
            {"labelsOverrider": [{"operator": "add", "value": {"tier": "front"}}]},
            namespace="",
            resourceSelectors=named,
        ),
        policy(
            "c-front",
            {"labelsOverrider": [{"operator": "add", "value": {"late": "1"}}]},
            namespace="",
            resourceSelectors=front,
        ),
    ]
    beside = [policy("z-label", tag, resourceSelectors=front)]
    result = overridden(deployment(), MEMBER1, cluster_policies=cluster_wide, policies=beside)
    assert result.manifest["metadata"]["labels"] == {"tier": "front"}
    assert result.manifest["spec"]["template"]["spec"]["containers"][0]["image"] == "m.test/shop/web:1.27"
    assert [rule.title for rule in result.cluster_overrides] == [
        "cluster override policy(a-all)",
        "cluster override policy(b-web)",
    ]
    assert [rule.title for rule in result.overrides] == ["override policy(shop/z-label)"]


def test_a_cluster_scoped_object_knows_no_namespaced_policies() -> None:
    role = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    assert not overridden(role, MEMBER1, cluster_policies=(), policies=[_writes("a")]).overrides


def test_what_was_applied_is_recorded_by_name() -> None:
    late = policy("b", {"plaintext": [{"path": "/spec/replicas", "operator": "remove"}]})
    early = policy("c", {"labelsOverrider": [{"operator": "add", "value": {"a": "b"}}]})
    early = early.model_copy(update={"spec": early.spec.model_copy(update={"resource_selectors": []})})
    found = overridden(deployment(), MEMBER1, cluster_policies=(), policies=[early, late])
    assert orjson.loads(applied_annotation(found.overrides)) == [
        {
            "policyName": "b",
            "overriders": {"plaintext": [{"path": "/spec/replicas", "operator": "remove", "value": None}]},
        },
        {"policyName": "c", "overriders": {"labelsOverrider": [{"operator": "add", "value": {"a": "b"}}]}},
    ]
