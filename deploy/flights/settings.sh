#!/usr/bin/env bash
# Prints, for a shell, the settings of a deployed function that decide what its records are and where their rows go:
#
#     eval "$(deploy/flights/settings.sh FUNCTION)"
#
# From then on the command rowtide reads and writes what the function does. The URL of the database is not among them.
set -euo pipefail
function=${1:?usage: deploy/flights/settings.sh FUNCTION}
names=(ROWTIDE_CONFIG ROWTIDE_SOURCE_DECODER ROWTIDE_SINK_SCHEMA ROWTIDE_SINK_DDL)
told=$(aws lambda get-function-configuration --function-name "$function" --qualifier live --output text \
    --query "Environment.Variables.[$(IFS=, && echo "${names[*]}")]")
read -ra values <<<"$told"
for at in "${!names[@]}"; do
    case ${values[at]:-None} in
        None) echo "unset ${names[at]}" ;;
        *) printf 'export %s=%q\n' "${names[at]}" "${values[at]}" ;;
    esac
done
