"""Flags of karmada-agent: Karmada's names and defaults, and clear words for what cannot be."""

import pytest

from controllers.agent import AgentOptions
from karmada.runtime.observe import StartError
from karmada.runtime.options import flags_of, parse_flags

NEEDED = ("--cluster-name=far", "--karmada-kubeconfig=/nowhere")


def parse(*arguments: str) -> AgentOptions:
    return parse_flags(AgentOptions, arguments, prog="karmada-agent")


@pytest.mark.parametrize(
    ("flag", "default"),
    [
        ("cluster-namespace", "karmada-cluster"),
        ("report-secrets", ("KubeCredentials", "KubeImpersonator")),
        ("cluster-status-update-frequency", 10.0),
        ("cluster-lease-duration", 40.0),
        ("cluster-lease-renew-interval-fraction", 0.25),
        ("cluster-success-threshold", 30.0),
        ("cluster-failure-threshold", 30.0),
        ("cert-rotation-checking-interval", 300.0),
        ("cert-rotation-remaining-time-threshold", 0.2),
        ("karmada-kubeconfig-namespace", "karmada-system"),
        ("concurrent-work-syncs", 5),
        ("health-probe-bind-address", ":10357"),
        ("metrics-bind-address", ":8080"),
        ("leader-elect", True),
        ("controllers", ("*",)),
    ],
)
def test_a_flag_has_the_default_of_the_original(flag: str, default: object) -> None:
    (found,) = [item for item in flags_of(AgentOptions) if item.name == flag]
    assert found.default == default


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(NEEDED[1:], "--cluster-name must be given", id="no-name"),
        pytest.param(("--cluster-name=Far", NEEDED[1]), "invalid cluster name", id="no-name-of-a-cluster"),
        pytest.param(
            (*NEEDED, "--controllers=binding"), "no such controller: binding", id="a-stage-of-others"
        ),
        pytest.param((*NEEDED, "--report-secrets=All"), "use KubeCredentials", id="odd-secrets"),
        pytest.param((*NEEDED, "--report-secrets=None,KubeCredentials"), "None alone", id="none-and-more"),
        pytest.param((*NEEDED, "--metrics-bind-address=x"), "is no address", id="an-address-that-is-none"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(StartError, match=message) as error:
        parse(*arguments).check()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "rotates"),
    [("*", False), ("*,certRotation", True), ("certRotation", True), ("-certRotation", False)],
)
def test_certificates_are_renewed_when_that_is_asked_for(text: str, rotates: bool) -> None:
    assert parse(*NEEDED, f"--controllers={text}").runs("certRotation") is rotates


def test_the_cluster_is_what_the_flags_say() -> None:
    registration = parse(*NEEDED, "--cluster-zones=a,b", "--report-secrets=None").registration
    assert (registration.sync_mode, registration.zones) == ("Pull", ("a", "b"))
    assert (registration.credentials, registration.impersonator) == (False, False)
