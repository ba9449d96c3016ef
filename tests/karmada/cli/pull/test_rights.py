"""The rights of an agent, as Karmada names them."""

from karmada.api.objects import labels_of
from karmada.cli.pull.rights import agent_rights


def test_an_agent_gets_three_roles_each_bound_to_its_user() -> None:
    made = [(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]) for _, obj in RIGHTS]
    assert made == [
        ("ClusterRole", "", "system:karmada:far:agent"),
        ("ClusterRoleBinding", "", "system:karmada:far:agent"),
        ("Role", "karmada-cluster", "system:karmada:far:agent-secret"),
        ("RoleBinding", "karmada-cluster", "system:karmada:far:agent-secret"),
        ("Role", "karmada-es-far", "system:karmada:far:agent-work"),
        ("RoleBinding", "karmada-es-far", "system:karmada:far:agent-work"),
    ]
    for (_, role), (_, binding) in zip(RIGHTS[::2], RIGHTS[1::2], strict=True):
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        assert binding["roleRef"]["kind"] == role["kind"]
        assert [subject["name"] for subject in binding["subjects"]] == ["system:karmada:agent:far"]
        assert labels_of(role) == labels_of(binding) == {"karmada.io/system": "true"}


def test_no_rule_reaches_further_than_it_must() -> None:
    for _, obj in RIGHTS:
        for rule in obj.get("rules") or ():
            assert "*" not in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]
            changes = {"update", "patch", "delete"} & set(rule["verbs"])
            if obj["kind"] == "ClusterRole" and changes and rule["resources"] != ["events"]:
                assert rule["resourceNames"], f"{rule} would change things of others"


RIGHTS = agent_rights("far", namespace="karmada-cluster")
