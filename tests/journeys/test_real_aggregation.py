"""Behind a stock kube-apiserver as the server of Karmada's groups, and in front of one, aggregating it."""

import pytest

pytestmark = [pytest.mark.journey, pytest.mark.real_kubernetes, pytest.mark.timeout(240)]
