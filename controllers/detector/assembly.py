"""The parts of the detector put together, for controllers/main.py.

In: the neighbours every controller gets. Out: four controllers to run, with their worker counts. The
informers must be entered already; none of the controllers waits before its first reconcile.
"""

from dataclasses import dataclass

from controllers.detector.apply import Applier, BindingGates, Bindings
from controllers.detector.claim import CLUSTER, NAMESPACED, PolicyScope
from controllers.detector.controller import DetectorOptions, Policies, TemplateController
from controllers.detector.policies import PolicyController
from controllers.detector.resources import PropagatableResources, SkippedApis, SkippedObjects
from controllers.detector.waiting import WaitingTemplates
from controllers.templates import Templates
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Informers
from karmada.client.mapper import Mapper
from karmada.interpreter.chain import Interpreter


@dataclass(frozen=True, slots=True)
class Detector:
    """Run each of these with run_controller; the worker counts of all but resources are options."""

    resources: PropagatableResources
    """One worker."""
    templates: TemplateController
    policies: PolicyController
    cluster_policies: PolicyController


def assemble(
    *,
    informers: Informers,
    client: Client,
    mapper: Mapper,
    templates: Templates,
    interpreter: Interpreter,
    recorder: EventRecorder,
    options: DetectorOptions,
    gates: BindingGates,
    preemption: bool = False,
) -> Detector:
    """recorder: component resource-detector. preemption: the gate PropagationPolicyPreemption. Raises
    ValueError.
    """
    resources = PropagatableResources(
        informers=informers,
        client=client,
        mapper=mapper,
        skipped=SkippedApis.parse(options.skipped_propagating_apis),
    )
    policies = Policies(informers)
    bindings = Bindings(informers)
    waiting = WaitingTemplates()
    applier = Applier(
        bindings=bindings,
        templates=templates,
        interpreter=interpreter,
        client=client,
        recorder=recorder,
        gates=gates,
    )

    def policy_controller(scope: PolicyScope) -> PolicyController:
        return PolicyController(
            scope=scope,
            policies=policies,
            bindings=bindings,
            resources=resources,
            templates=templates,
            waiting=waiting,
            applier=applier,
            client=client,
            recorder=recorder,
            preemption=preemption,
        )

    return Detector(
        resources=resources,
        templates=TemplateController(
            resources=resources,
            policies=policies,
            bindings=bindings,
            templates=templates,
            waiting=waiting,
            applier=applier,
            skipped=SkippedObjects(options.skipped_propagating_namespaces),
        ),
        policies=policy_controller(NAMESPACED),
        cluster_policies=policy_controller(CLUSTER),
    )
