#!/usr/bin/env bash
# Writes an item into a DynamoDB table and waits until it is in the database; then deletes it and waits again:
#
#     DATABASE_URL=postgresql://… deploy/flights/write-and-watch.sh TABLE [PARTITION_KEY] [TARGET] [SECONDS]
#
# PARTITION_KEY is the name of the table's key, a string, if it is not `id`; TARGET is the view, if it is not called as
# the table is. For a table without a sort key. Needs the AWS CLI and the command rowtide, which looks where the function
# writes behind `deploy/flights/settings.sh FUNCTION`. Exit status 1 when the item was not seen to come and to go.
set -euo pipefail
table=${1:?usage: deploy/flights/write-and-watch.sh TABLE [PARTITION_KEY] [TARGET] [SECONDS]}
key=${2:-id} target=${3:-$1} patience=${4:-120}
: "${DATABASE_URL:?must hold the URL of the database}"
id=rowtide-flight-$(date +%s)-$$

# `there` or `gone`, as the database says; when it does not answer, nobody knows.
item() {
    local shown
    shown=$(rowtide show "$target" --key "[\"$id\"]" --sink env://DATABASE_URL --output json) || return
    case $shown in
        '' | *'"deleted":true}') echo gone ;;
        *"$id"*) echo there ;;
    esac
}
wait_until() {
    local begin=$SECONDS
    until [ "$(item)" = "$1" ]; do
        if [ $((SECONDS - begin)) -ge "$patience" ]; then
            echo "After $patience seconds the item is not yet $1. docs/runbook.md says where to look." >&2
            return 1
        fi
        sleep 1
    done
    echo "$1 after $((SECONDS - begin)) s"
}

aws dynamodb put-item --table-name "$table" --item "{\"$key\":{\"S\":\"$id\"},\"flight\":{\"BOOL\":true}}"
wait_until there
aws dynamodb delete-item --table-name "$table" --key "{\"$key\":{\"S\":\"$id\"}}"
wait_until gone
