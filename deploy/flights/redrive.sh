#!/usr/bin/env bash
# Applies once more what did not reach the tables: parked records, and batches that Lambda gave up:
#
#     DATABASE_URL=postgresql://… deploy/flights/redrive.sh [--config rowtide.toml] FUNCTION [FAILURES_BUCKET]
#
# The settings are those of FUNCTION, so that rows go where it writes them; --config names a file in place of the
# configuration that it has. An object of the bucket whose records are all applied or parked is moved below `redriven/`;
# the others stay. It can be repeated: a version never goes back. Needs the AWS CLI and the command rowtide.
set -euo pipefail
given=("$@")
config=()
if [ "${1:-}" = --config ]; then
    config=(--config "${2:?--config needs a file}")
    shift 2
fi
function=${1:?usage: deploy/flights/redrive.sh [--config rowtide.toml] FUNCTION [FAILURES_BUCKET]}
bucket=${2:-}
: "${DATABASE_URL:?must hold the URL of the database}"
if [ "${FLIGHT_SETTINGS:-}" != "$function" ]; then
    exec "$(dirname "$0")/settings.sh" "$function" "$0" "${given[@]}"
fi
status=0

rowtide dead-letters redrive ${config[@]+"${config[@]}"} --sink env://DATABASE_URL || status=1
[ -n "$bucket" ] || exit "$status"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
aws s3api list-objects-v2 --bucket "$bucket" --prefix aws/lambda/ --output text --query 'Contents[].[Key]' >"$work/keys"
while read -r key; do
    [ "$key" != None ] || continue
    aws s3 cp --only-show-errors "s3://$bucket/$key" "$work/object"
    if rowtide replay ${config[@]+"${config[@]}"} --sink env://DATABASE_URL --no-rows "$work/object" </dev/null; then
        aws s3 mv --only-show-errors "s3://$bucket/$key" "s3://$bucket/redriven/$key"
        echo "redriven: $key"
    else
        echo "stays: $key" >&2
        status=1
    fi
done <"$work/keys"
exit "$status"
