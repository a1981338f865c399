#!/usr/bin/env bash
# Puts the alias `live` of a function back: deploy/flights/roll-back.sh FUNCTION [VERSION]
#
# Without VERSION: to the newest version before the one that is live. Batches that are under way end on the version
# that they began on. A deployment of the templates with a new Release goes forward again.
set -euo pipefail
function=${1:?usage: deploy/flights/roll-back.sh FUNCTION [VERSION]}
live=$(aws lambda get-alias --function-name "$function" --name live --query FunctionVersion --output text)
version=${2:-}
if [ -z "$version" ]; then
    version=$(aws lambda list-versions-by-function --function-name "$function" --output text \
        --query 'Versions[].Version' | tr '\t' '\n' | grep -E '^[0-9]+$' | sort -n |
        awk -v live="$live" '$1 < live + 0 { older = $1 } END { print older }')
fi
if [ -z "$version" ]; then
    echo "$function has no version before $live." >&2
    exit 1
fi
aws lambda update-alias --function-name "$function" --name live --function-version "$version" >/dev/null
echo "live: $live -> $version"
