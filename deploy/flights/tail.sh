#!/usr/bin/env bash
# Prints the log lines of a function as they come: deploy/flights/tail.sh FUNCTION [SINCE] [FILTER]
#
# SINCE is an age such as 10m or 2h; FILTER is one of CloudWatch Logs, for example '{ $.level = "ERROR" }'. Needs
# version 2 of the AWS CLI.
set -euo pipefail
function=${1:?usage: deploy/flights/tail.sh FUNCTION [SINCE] [FILTER]}
exec aws logs tail "/aws/lambda/$function" --follow --format short --since "${2:-10m}" --filter-pattern "${3:-}"
