output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "alias_arn" {
  description = "ARN of the alias that the event source mapping calls."
  value       = aws_lambda_alias.live.arn
}

output "stream_arn" {
  description = "ARN of the stream that is read."
  value       = local.stream_arn
}

output "mapping_id" {
  description = "Id of the event source mapping."
  value       = aws_lambda_event_source_mapping.this.uuid
}

output "failures_bucket" {
  description = "Bucket of the batches that Lambda gave up."
  value       = aws_s3_bucket.failures.id
}

output "alarms_topic_arn" {
  description = "ARN of the topic of the alarms."
  value       = aws_sns_topic.alarms.arn
}

output "log_group_name" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "role_arn" {
  description = "ARN of the role of the function."
  value       = aws_iam_role.this.arn
}
