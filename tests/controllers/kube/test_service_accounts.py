"""Every namespace of a member has its default account and the certificate of its server."""

from pathlib import Path

from karmada.api.groups.kubernetes import CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS
from tests.controllers.cluster.live import eventually, member


async def test_a_namespace_gets_both_and_gets_them_back(tmp_path: Path) -> None:
    async with member(tmp_path, "m") as m:
        client = m.client
        await client.create(
            NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}}
        )
        account, bundle = SERVICE_ACCOUNTS.key("demo", "default"), CONFIG_MAPS.key("demo", "kube-root-ca.crt")
        first = await eventually(lambda: client.get(SERVICE_ACCOUNTS, account), "the account is there")
        published = await eventually(lambda: client.get(CONFIG_MAPS, bundle), "the certificate is there")
        assert published is not None
        assert published["data"]["ca.crt"].encode() == m.access.ca_data
        await client.delete(SERVICE_ACCOUNTS, account)
        await client.patch(CONFIG_MAPS, bundle, {"data": {"ca.crt": "mine"}})

        async def mended() -> bool:
            made = await client.get(SERVICE_ACCOUNTS, account)
            data = (await client.get(CONFIG_MAPS, bundle))["data"]
            assert first is not None
            return bool(made["metadata"]["uid"] != first["metadata"]["uid"] and data == published["data"])

        await eventually(mended, "both are as they were")
