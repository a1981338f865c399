#!/usr/bin/env bash
# Starts the task of a stack of deploy/dms/template.yaml: deploy/dms/start.sh STACK
#
# Before, it makes the one setting of the endpoint that CloudFormation does not know: without it DMS writes integers of
# more than 16 digits in scientific notation. Run it again after an update of the stack.
set -euo pipefail
stack=${1:?usage: deploy/dms/start.sh STACK}

output() {
    aws cloudformation describe-stacks --stack-name "$stack" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}
endpoint=$(output TargetEndpointArn)
task=$(output TaskArn)
state=$(aws dms describe-replication-tasks --without-settings --output text \
    --filters "Name=replication-task-arn,Values=$task" --query 'ReplicationTasks[0].Status')
if [ "$state" = running ]; then
    echo "The task is running. Stop it first: aws dms stop-replication-task --replication-task-arn $task" >&2
    exit 1
fi

aws dms modify-endpoint --endpoint-arn "$endpoint" --kinesis-settings UseLargeIntegerValue=true \
    --query 'Endpoint.KinesisSettings' --output json
if [ "$state" = ready ]; then kind=start-replication; else kind=resume-processing; fi
aws dms start-replication-task --replication-task-arn "$task" --start-replication-task-type "$kind" \
    --query 'ReplicationTask.Status' --output text
