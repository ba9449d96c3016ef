#!/usr/bin/env bash
# A local control plane with three member clusters, on loopback, without containers.
# Usage: hack/local-up-karmada.sh [-h]
# Environment: STATE (.karmada), MEMBERS (3), PULL (1), PORT (5443), ETCD (embedded store), NODES (1).
set -euo pipefail
if [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ]; then
  sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"
  exit 0
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec make --no-print-directory up
