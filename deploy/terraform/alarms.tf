# Who hears of what. docs/runbook.md says for each alarm what to do.

locals {
  of_function = { FunctionName = var.name }
  of_service  = { service = var.name }
  of_mapping  = { EventSourceMappingUUID = aws_lambda_event_source_mapping.this.uuid }

  # A metric that must stay at zero: the sum of a minute, in `points` of `periods` minutes.
  counted = {
    errors = {
      text       = "Invocations fail; a person must act."
      namespace  = "AWS/Lambda"
      metric     = "Errors"
      dimensions = local.of_function
      periods    = 15
      points     = 3
    }
    throttles = {
      text       = "Lambda has no execution left for the function."
      namespace  = "AWS/Lambda"
      metric     = "Throttles"
      dimensions = local.of_function
      periods    = 15
      points     = 3
    }
    reported = {
      text       = "Records are delivered again, minute after minute."
      namespace  = "Rowtide"
      metric     = "RecordsReported"
      dimensions = local.of_service
      periods    = 15
      points     = 3
    }
    parked = {
      text       = "Records were parked, which can not be applied as they are."
      namespace  = "Rowtide"
      metric     = "RecordsParked"
      dimensions = local.of_service
      periods    = 1
      points     = 1
    }
    backwards = {
      text       = "Changes count as stale though they happened later than what is stored."
      namespace  = "Rowtide"
      metric     = "RecordsBackwards"
      dimensions = local.of_service
      periods    = 1
      points     = 1
    }
    nearly-routed = {
      text       = "Changes of tables are left out whose names are nearly those of routes."
      namespace  = "Rowtide"
      metric     = "RecordsNearlyRouted"
      dimensions = local.of_service
      periods    = 1
      points     = 1
    }
    dropped = {
      text       = "Lambda gave up records, after all attempts or for their age."
      namespace  = "AWS/Lambda"
      metric     = "DroppedEventCount"
      dimensions = local.of_mapping
      periods    = 1
      points     = 1
    }
    destination-failures = {
      text       = "Lambda gave up records and could not store them."
      namespace  = "AWS/Lambda"
      metric     = "DestinationDeliveryFailures"
      dimensions = local.of_function
      periods    = 1
      points     = 1
    }
  }

  # A metric in the unit of its threshold.
  compared = {
    iterator-age = {
      text       = "The function reads the stream too slowly, or is stuck."
      namespace  = "AWS/Lambda"
      metric     = "IteratorAge"
      dimensions = local.of_function
      stat       = "Maximum"
      expression = "measured / 1000"
      label      = "seconds behind the stream"
      threshold  = var.lag_alarm_seconds
      periods    = 15
      points     = 3
    }
    source-lag = {
      text       = "Changes reach the tables too late."
      namespace  = "Rowtide"
      metric     = "SourceLagMax"
      dimensions = local.of_service
      stat       = "Maximum"
      expression = "measured / 1000"
      label      = "seconds behind the source"
      threshold  = var.lag_alarm_seconds
      periods    = 15
      points     = 3
    }
    duration = {
      text       = "Invocations take more than 80 percent of their timeout."
      namespace  = "AWS/Lambda"
      metric     = "Duration"
      dimensions = local.of_function
      stat       = "p99"
      expression = "measured / (${var.timeout} * 10)"
      label      = "percent of the timeout"
      threshold  = 80
      periods    = 15
      points     = 3
    }
  }

  # What DynamoDB says of its way to Kinesis; the age is in milliseconds.
  replication = {
    replication-failures = {
      text      = "DynamoDB did not write records to the stream: they are lost to it."
      function  = "SUM"
      metric    = "FailedToReplicateRecordCount"
      threshold = 0
      periods   = 1
      points    = 1
    }
    replication-age = {
      text      = "DynamoDB writes to the stream too slowly."
      function  = "MAX"
      metric    = "AgeOfOldestUnreplicatedRecord"
      threshold = 60000
      periods   = 3
      points    = 3
    }
  }
}

resource "aws_sns_topic" "alarms" {
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "mail" {
  count = var.alarm_email == "" ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "counted" {
  for_each = var.create_alarms ? local.counted : {}

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text} docs/runbook.md, ${each.key}."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.points
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "compared" {
  for_each = var.create_alarms ? local.compared : {}

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text} docs/runbook.md, ${each.key}."
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.points
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "measured"
    return_data = false

    metric {
      namespace   = each.value.namespace
      metric_name = each.value.metric
      dimensions  = each.value.dimensions
      stat        = each.value.stat
      period      = 60
    }
  }

  metric_query {
    id          = "compared"
    label       = each.value.label
    expression  = each.value.expression
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "replication" {
  for_each = var.create_alarms && local.is_kinesis && var.table_name != "" ? local.replication : {}

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text} docs/runbook.md, ${each.key}."
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.points
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "replication"
    label       = each.value.metric
    period      = 300
    return_data = true
    expression = join(" ", [
      "SELECT ${each.value.function}(${each.value.metric})",
      "FROM SCHEMA(\"AWS/DynamoDB\", DelegatedOperation, TableName)",
      "WHERE TableName = '${var.table_name}'",
    ])
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = templatefile("${path.module}/dashboard.json.tftpl", {
    partition = local.partition
    region    = local.region
    account   = local.account
    name      = var.name
    table     = var.table_name
    mapping   = aws_lambda_event_source_mapping.this.uuid
  })
}
