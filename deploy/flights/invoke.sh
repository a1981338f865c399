#!/usr/bin/env bash
# Invokes a deployed function with a file of events/, and prints its answer and the end of its log:
#
#     deploy/flights/invoke.sh FUNCTION events/dynamodb-kinesis/composite-key.json
#
# The rows of the file are written to the function's database. Exit status 1 when the function fails or reports records.
set -euo pipefail
function=${1:?usage: deploy/flights/invoke.sh FUNCTION FILE}
file=${2:?usage: deploy/flights/invoke.sh FUNCTION FILE}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
told=$(aws lambda invoke --function-name "$function" --qualifier live --log-type Tail \
    --payload "fileb://$file" --query '[FunctionError, LogResult]' --output text "$answer")
read -r failed log <<<"$told"
if [ "$log" != None ]; then base64 --decode <<<"$log" >&2; fi
cat "$answer"
echo
[ "$failed" = None ] && grep -Eq '"batchItemFailures": *\[ *\]' "$answer"
