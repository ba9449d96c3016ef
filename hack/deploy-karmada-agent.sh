#!/usr/bin/env bash
# Make a cluster a member in pull mode, from a machine that reaches both it and the control plane.
# Usage: hack/deploy-karmada-agent.sh CONTROL_PLANE_KUBECONFIG CONTEXT MEMBER_KUBECONFIG MEMBER_CONTEXT
# The cluster is named after MEMBER_CONTEXT. Its agent gets rights of its own, not those of the kubeconfig.
# Environment: REPLICAS (2), KARMADA_AGENT_IMAGE; AGENT=process runs the agent on this machine (members without pods),
# AGENT_DIR is its folder.
set -euo pipefail
if [ $# -ne 4 ]; then
  sed -n '2,6s/^# //p' "${BASH_SOURCE[0]}"
  if [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ]; then exit 0; else exit 1; fi
fi
PLANE_CONFIG=$1 PLANE_CONTEXT=$2 MEMBER_CONFIG=$3 MEMBER_CONTEXT=$4
for file in "$PLANE_CONFIG" "$MEMBER_CONFIG"; do
  if [ ! -f "$file" ]; then
    echo "kubeconfig $file does not exist" >&2
    exit 1
  fi
done
PLANE_CONFIG=$(cd "$(dirname "$PLANE_CONFIG")" && pwd)/$(basename "$PLANE_CONFIG")
MEMBER_CONFIG=$(cd "$(dirname "$MEMBER_CONFIG")" && pwd)/$(basename "$MEMBER_CONFIG")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
make --no-print-directory .venv/bin/.ready >/dev/null
KARMADACTL=.venv/bin/karmadactl
plane=(--kubeconfig "$PLANE_CONFIG" --karmada-context "$PLANE_CONTEXT")

printed=$("$KARMADACTL" token create --ttl 10m --description "deploy-karmada-agent.sh $MEMBER_CONTEXT" \
  --print-register-command "${plane[@]}")
read -r -a words <<<"$printed" # karmadactl register HOST:PORT --token T --discovery-token-ca-cert-hash H
options=(--kubeconfig "$MEMBER_CONFIG" --context "$MEMBER_CONTEXT" --cluster-name "$MEMBER_CONTEXT"
  --karmada-agent-replicas "${REPLICAS:-2}" --run-agent-as "${AGENT:-deployment}")
if [ -n "${KARMADA_AGENT_IMAGE:-}" ]; then options+=(--karmada-agent-image "$KARMADA_AGENT_IMAGE"); fi
if [ -n "${AGENT_DIR:-}" ]; then options+=(--agent-dir "$AGENT_DIR"); fi
"$KARMADACTL" "${words[@]:1}" "${options[@]}"
