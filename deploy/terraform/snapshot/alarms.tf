# Who hears of what. docs/runbook.md says for each alarm what to do.

locals {
  of_function = { FunctionName = var.name }

  # A metric that must stay at zero: the sum of a minute, in `points` of `periods` minutes.
  counted = {
    # An attempt takes up to 15 minutes: three of them are within an hour.
    errors = {
      text    = "Invocations fail again and again."
      metric  = "Errors"
      periods = 60
      points  = 3
    }
    dropped = {
      text    = "Lambda gave up events, after all attempts or for their age."
      metric  = "AsyncEventsDropped"
      periods = 1
      points  = 1
    }
    destination-failures = {
      text    = "Lambda gave up events and could not store them."
      metric  = "DestinationDeliveryFailures"
      periods = 1
      points  = 1
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
  alarm_description   = "${each.value.text} docs/runbook.md, snapshot-${each.key}."
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = local.of_function
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

resource "aws_cloudwatch_metric_alarm" "event_age" {
  count = var.create_alarms ? 1 : 0

  alarm_name          = "${var.name}-event-age"
  alarm_description   = "Parts of tables wait too long until they are read. docs/runbook.md, snapshot-event-age."
  evaluation_periods  = 15
  datapoints_to_alarm = 3
  threshold           = var.age_alarm_seconds
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "measured"
    return_data = false

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "AsyncEventAge"
      dimensions  = local.of_function
      stat        = "Maximum"
      period      = 60
    }
  }

  metric_query {
    id          = "compared"
    label       = "seconds that a part waits"
    expression  = "measured / 1000"
    return_data = true
  }
}
