#!/usr/bin/env bash
# Runs a command with the settings of a deployed function that decide what its records are and where their rows go:
#
#     deploy/flights/settings.sh FUNCTION rowtide show orders --sink env://DATABASE_URL
#     deploy/flights/settings.sh FUNCTION "$SHELL"        # a shell in which every rowtide has them
#
# So the command rowtide reads and writes what the function does. Without a command the settings are printed, one a
# line. The URL of the database is not among them. FLIGHT_SETTINGS tells the command whose settings it has.
set -euo pipefail
export FLIGHT_SETTINGS=${1:?usage: deploy/flights/settings.sh FUNCTION [COMMAND ...]}
shift
for name in ROWTIDE_CONFIG ROWTIDE_SOURCE_DECODER ROWTIDE_SINK_SCHEMA ROWTIDE_SINK_DDL; do
    # one by one: in an answer of several, nothing tells an empty value, a blank and the next value apart
    value=$(aws lambda get-function-configuration --function-name "$FLIGHT_SETTINGS" --qualifier live --output text \
        --query "Environment.Variables.$name || ''")
    unset "$name"
    [ -z "$value" ] || export "$name=$value"
    [ $# -gt 0 ] || echo "$name=$value"
done
[ $# -eq 0 ] || exec "$@"
