#!/usr/bin/env bash
# Sends the changes of an existing DynamoDB table to a Kinesis stream, with microseconds:
#
#     deploy/flights/connect-table.sh TABLE STREAM_ARN
#
# CloudFormation can do this only for a table that it created itself. If the table is connected with milliseconds, the
# precision is changed.
set -euo pipefail
table=${1:?usage: deploy/flights/connect-table.sh TABLE STREAM_ARN}
stream=${2:?usage: deploy/flights/connect-table.sh TABLE STREAM_ARN}

state() {
    local ours="KinesisDataStreamDestinations[?StreamArn=='$stream'] | [0]"
    aws dynamodb describe-kinesis-streaming-destination --table-name "$table" --output text \
        --query "$ours.[DestinationStatus, ApproximateCreationDateTimePrecision]"
}
wait_until_active() {
    for _ in $(seq 60); do
        case $(state) in
            ACTIVE*) return ;;
            ENABLE_FAILED*)
                echo "DynamoDB could not enable it. Is the stream active, and in the region of the table?" >&2
                return 1
                ;;
        esac
        sleep 5
    done
    echo "It is still not active: $(state)" >&2
    return 1
}

told=$(state)
read -r status precision <<<"$told"
if [ "$status" = ACTIVE ] && [ "$precision" != MICROSECOND ]; then
    aws dynamodb update-kinesis-streaming-destination --table-name "$table" --stream-arn "$stream" \
        --update-kinesis-streaming-configuration ApproximateCreationDateTimePrecision=MICROSECOND >/dev/null
elif [ "$status" != ACTIVE ]; then
    aws dynamodb enable-kinesis-streaming-destination --table-name "$table" --stream-arn "$stream" \
        --enable-kinesis-streaming-configuration ApproximateCreationDateTimePrecision=MICROSECOND >/dev/null
fi
wait_until_active
echo "$table -> $stream: $(state)"
