# From a DynamoDB table to the function: the same as deploy/sam/template.yaml.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  account   = data.aws_caller_identity.current.account_id

  is_kinesis     = var.stream_type == "kinesis"
  is_zip         = var.package_type == "Zip"
  has_extension  = local.is_zip && var.secrets_extension_arn != ""
  creates_stream = local.is_kinesis && var.stream_arn == ""
  has_purge      = var.purge_schedule != ""

  # try: of the two only the one that exists has an address
  created_stream_arn = try(aws_kinesis_stream.this[0].arn, aws_dynamodb_table.this[0].stream_arn, "")
  stream_arn         = var.stream_arn != "" ? var.stream_arn : local.created_stream_arn
}

# What the changes come from.

resource "aws_dynamodb_table" "this" {
  count = var.create_table ? 1 : 0

  name                        = var.table_name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.table_partition_key
  deletion_protection_enabled = true
  stream_enabled              = local.is_kinesis ? null : true
  stream_view_type            = local.is_kinesis ? null : "NEW_AND_OLD_IMAGES"

  attribute {
    name = var.table_partition_key
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }

  lifecycle {
    precondition {
      condition     = var.table_name != ""
      error_message = "create_table needs table_name."
    }
  }
}

resource "aws_kinesis_stream" "this" {
  count = local.creates_stream ? 1 : 0

  name             = var.name
  retention_period = var.stream_retention_hours
  encryption_type  = "KMS"
  kms_key_id       = "alias/aws/kinesis"

  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}

# Also for a table that was there before, where the stream is created here.
resource "aws_dynamodb_kinesis_streaming_destination" "this" {
  count = local.is_kinesis && var.table_name != "" && (var.create_table || local.creates_stream) ? 1 : 0

  table_name                               = var.create_table ? aws_dynamodb_table.this[0].name : var.table_name
  stream_arn                               = local.stream_arn
  approximate_creation_date_time_precision = "MICROSECOND"
}

# The function. The event source mapping calls its alias `live`.

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = "Rowtide, release ${var.release}"
  role                           = aws_iam_role.this.arn
  package_type                   = var.package_type
  image_uri                      = local.is_zip ? null : var.image_uri
  s3_bucket                      = local.is_zip ? var.code_bucket : null
  s3_key                         = local.is_zip ? var.code_key : null
  runtime                        = local.is_zip ? "provided.al2023" : null
  handler                        = local.is_zip ? "bootstrap" : null
  layers                         = local.has_extension ? [var.secrets_extension_arn] : null
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  publish                        = true

  environment {
    variables = merge(
      {
        ROWTIDE_SINK_URL         = "secretsmanager://${var.sink_secret_arn}${var.sink_secret_suffix}"
        ROWTIDE_SINK_AUTH        = var.database_user_arn == "" ? "password" : "rds-iam"
        ROWTIDE_SINK_DDL         = var.sink_ddl
        ROWTIDE_SINK_CONNECTIONS = tostring(var.sink_connections)
        ROWTIDE_SOURCE_DECODER   = coalesce(var.decoder, local.is_kinesis ? "dynamodb-kinesis" : "dynamodb")
      },
      var.sink_schema == "" ? {} : { ROWTIDE_SINK_SCHEMA = var.sink_schema },
      var.sink_tls_root_cert == "" ? {} : { ROWTIDE_SINK_TLS_ROOT_CERT = var.sink_tls_root_cert },
      var.config_parameter == "" ? {} : { ROWTIDE_CONFIG = "ssm://${var.config_parameter}" },
      local.has_extension ? { PARAMETERS_SECRETS_EXTENSION_HTTP_PORT = "2773" } : {}
    )
  }

  logging_config {
    log_group  = aws_cloudwatch_log_group.this.name
    log_format = "JSON"
  }

  dynamic "vpc_config" {
    for_each = length(var.subnet_ids) == 0 ? [] : [1]

    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }

  lifecycle {
    precondition {
      condition     = local.is_zip ? var.code_bucket != "" && var.code_key != "" : var.image_uri != ""
      error_message = "package_type Image needs image_uri; package_type Zip needs code_bucket and code_key."
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

# From the stream to the function.

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn                   = local.stream_arn
  function_name                      = aws_lambda_alias.live.arn
  function_response_types            = ["ReportBatchItemFailures"]
  starting_position                  = var.starting_position
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batching_window
  parallelization_factor             = var.parallelization_factor
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = var.retry_attempts
  maximum_record_age_in_seconds      = var.record_age

  destination_config {
    on_failure {
      destination_arn = aws_s3_bucket.failures.arn
    }
  }

  dynamic "filter_criteria" {
    for_each = var.filter_pattern == "" ? [] : [1]

    content {
      filter {
        pattern = var.filter_pattern
      }
    }
  }

  metrics_config {
    metrics = ["EventCount"]
  }

  lifecycle {
    precondition {
      condition     = local.is_kinesis || var.stream_arn != "" || var.create_table
      error_message = "stream_type dynamodb needs the stream_arn of the table, or create_table."
    }
  }
}

# Where Lambda stores the batches that it gave up, with their records.

resource "aws_s3_bucket" "failures" {
  bucket_prefix = "${substr(var.name, 0, 27)}-failures-"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "failures" {
  bucket = aws_s3_bucket.failures.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "failures" {
  bucket = aws_s3_bucket.failures.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "failures" {
  bucket                  = aws_s3_bucket.failures.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "failures" {
  bucket = aws_s3_bucket.failures.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.failure_retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

# When the function forgets what is old.

resource "aws_cloudwatch_event_rule" "purge" {
  count = local.has_purge ? 1 : 0

  name                = "${var.name}-purge"
  schedule_expression = var.purge_schedule
}

resource "aws_cloudwatch_event_target" "purge" {
  count = local.has_purge ? 1 : 0

  rule      = aws_cloudwatch_event_rule.purge[0].name
  target_id = "function"
  arn       = aws_lambda_alias.live.arn
  input     = jsonencode({ rowtide = "purge" })

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }
}

# Three attempts within minutes, so that a purge that fails rings the alarm `errors`.
resource "aws_lambda_function_event_invoke_config" "purge" {
  count = local.has_purge ? 1 : 0

  function_name                = aws_lambda_alias.live.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 3600
}
