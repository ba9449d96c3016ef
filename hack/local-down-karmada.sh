#!/usr/bin/env bash
# Stop the local control plane and remove its data. With -k, keep the data.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
STATE=${STATE:-.karmada}
echo "==> stopping the processes"
make --no-print-directory down STATE="$STATE"
if [ "${1:-}" != "-k" ]; then
  echo "==> removing $STATE"
  rm -rf -- "$STATE"
fi
echo "Local Karmada is removed successfully."
