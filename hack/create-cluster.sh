#!/usr/bin/env bash
# One more cluster, ready to be joined: kind where kind and Docker are there, else an embedded one.
# Usage: hack/create-cluster.sh NAME [KUBECONFIG]     (KUBECONFIG: ~/.kube/NAME.config)
# EMBEDDED=1 takes an embedded one in any case.
set -euo pipefail
if [ $# -lt 1 ] || [ "$1" = "-h" ] || [ "$1" = "--help" ]; then
  sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"
  [ $# -ge 1 ] && exit 0 || exit 1
fi
NAME=$1
KUBECONFIG_FILE=${2:-$HOME/.kube/$NAME.config}
mkdir -p "$(dirname "$KUBECONFIG_FILE")"
KUBECONFIG_FILE=$(cd "$(dirname "$KUBECONFIG_FILE")" && pwd)/$(basename "$KUBECONFIG_FILE")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -z "${EMBEDDED:-}" ] && command -v kind >/dev/null && docker info >/dev/null 2>&1; then
  if [ -f "$KUBECONFIG_FILE" ] && kubectl config get-contexts --kubeconfig "$KUBECONFIG_FILE" -o name | grep -qx -- "$NAME"; then
    echo "context $NAME already exists in $KUBECONFIG_FILE" >&2
    exit 1
  fi
  kind create cluster --name "$NAME" --kubeconfig "$KUBECONFIG_FILE"
  kubectl config rename-context "kind-$NAME" "$NAME" --kubeconfig "$KUBECONFIG_FILE"
  address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$NAME-control-plane")
  kubectl config set-cluster "kind-$NAME" --server="https://$address:6443" --kubeconfig "$KUBECONFIG_FILE"
  echo "cluster \"$NAME\" is created successfully!"
  echo "kubectl cluster-info --kubeconfig=$KUBECONFIG_FILE --context=$NAME"
  exit 0
fi
make --no-print-directory .venv/bin/.ready >/dev/null
exec .venv/bin/karmadactl local add "$NAME" --member-kubeconfig "$KUBECONFIG_FILE"
