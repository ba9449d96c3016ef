#!/usr/bin/env bash
# Delete a cluster that hack/create-cluster.sh made, and its context.
# Usage: hack/delete-cluster.sh NAME [KUBECONFIG]
set -euo pipefail
if [ $# -lt 1 ] || [ "$1" = "-h" ] || [ "$1" = "--help" ]; then
  sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"
  [ $# -ge 1 ] && exit 0 || exit 1
fi
NAME=$1
KUBECONFIG_FILE=${2:-$HOME/.kube/$NAME.config}
KUBECONFIG_FILE=$(cd "$(dirname "$KUBECONFIG_FILE")" && pwd)/$(basename "$KUBECONFIG_FILE")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ ! -d "$(dirname "$KUBECONFIG_FILE")/$NAME.cluster" ] && command -v kind >/dev/null; then
  kind delete cluster --name "$NAME" --kubeconfig "$KUBECONFIG_FILE"
  kubectl config delete-context "$NAME" --kubeconfig "$KUBECONFIG_FILE" 2>/dev/null || true
  exit 0
fi
exec .venv/bin/karmadactl local remove "$NAME" --member-kubeconfig "$KUBECONFIG_FILE"
