"""Behind a stock kube-apiserver as the server of Karmada's groups, and in front of one as their aggregator."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apiserver.filters.authentication.pki import ensure_pki
from karmada.client.kubeconfig_file import new_kubeconfig, with_context, write_kubeconfig
from tests.support.etcd_server import free_ports
from tests.support.kubectl import kubectl_binary
from tests.support.kubernetes import RealCluster
from tests.support.local import eventually
from tests.support.tools import default_cache

pytestmark = [pytest.mark.journey, pytest.mark.real_kubernetes, pytest.mark.timeout(240)]
