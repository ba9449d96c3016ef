"""Public specs of Kubernetes against a member of ours: the quick ones, one of each area.

All that pass are in docs/conformance.md. Skipped where e2e.test is not in the cache.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.support.conformance import e2e_program, member, run_specs
from tests.support.tools import default_cache

pytestmark = [pytest.mark.journey, pytest.mark.real_kubernetes, pytest.mark.timeout(150)]

SECONDS: Final = 90
QUICK: Final = (
    "AggregatedDiscovery should support",
    r"\[sig-api-machinery\] Discovery should",
    "FieldValidation should detect",
    "custom resource defaulting",
    "custom resource definition status",
    "Table transformation should return",
    "Watchers should be able",
    "SubjectReview should",
    "CSR API operations",
    "Events API should",
    "EndpointSlice API operations",
    "IngressClass API operations",
    "ServiceCIDR API operations",
    "PodTemplates should",
    "Lease lease API",
    "StorageClasses CSI Conformance",
    "Services should delete a collection",
)


def test_quick_public_specs_pass_on_a_member(tmp_path: Path) -> None:
    program = e2e_program(default_cache())
    if not program.exists():
        pytest.skip("no e2e.test in the cache: `python -m tests.support.conformance` builds it")
    focus = rf"({'|'.join(QUICK)}).*\[Conformance\]"
    with member(tmp_path) as kubeconfig:
        specs = run_specs(program, kubeconfig, tmp_path, focus=focus, seconds=SECONDS)
    assert [spec for spec in specs if spec.problem] == []
    assert len(specs) >= len(QUICK)
