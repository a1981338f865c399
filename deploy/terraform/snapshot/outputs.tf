output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "alias_arn" {
  description = "ARN of the alias that is invoked."
  value       = aws_lambda_alias.live.arn
}

output "archive_url" {
  description = "Where the files of the archive lie; null when rows go to the sink alone."
  value       = local.has_archive ? local.archive_url : null
}

output "failures_bucket" {
  description = "Bucket of the events that Lambda gave up."
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
