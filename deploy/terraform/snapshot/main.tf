# From the tables of a PostgreSQL to the sink and to an archive: the same as deploy/sam/snapshot.yaml.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  account   = data.aws_caller_identity.current.account_id

  is_zip          = var.package_type == "Zip"
  has_extension   = local.is_zip && var.secrets_extension_arn != ""
  has_archive     = var.snapshot_to != "sink"
  creates_archive = local.has_archive && var.archive_bucket == ""
  has_archive_key = local.has_archive && var.archive_kms_key_arn != ""
  has_schedule    = var.snapshot_schedule != ""

  archive_bucket = local.creates_archive ? aws_s3_bucket.archive[0].id : var.archive_bucket
  archive_arn    = local.creates_archive ? aws_s3_bucket.archive[0].arn : "arn:${local.partition}:s3:::${var.archive_bucket}"
  archive_url    = "s3://${local.archive_bucket}/${var.archive_prefix}"
}

# The function. Whatever invokes it calls its alias `live`, and so does it itself.

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
        ROWTIDE_SNAPSHOT_URL     = "secretsmanager://${var.source_secret_arn}${var.source_secret_suffix}"
        ROWTIDE_SNAPSHOT_TO      = var.snapshot_to
        ROWTIDE_SNAPSHOT_BESIDE  = var.snapshot_beside
        ROWTIDE_SNAPSHOT_REPLACE = tostring(var.snapshot_replace)
        ROWTIDE_SINK_URL         = "secretsmanager://${var.sink_secret_arn}${var.sink_secret_suffix}"
        ROWTIDE_SINK_AUTH        = var.database_user_arn == "" ? "password" : "rds-iam"
        ROWTIDE_SINK_DDL         = var.sink_ddl
        ROWTIDE_SINK_CONNECTIONS = tostring(var.sink_connections)
      },
      local.has_archive ? { ROWTIDE_ARCHIVE_URL = local.archive_url } : {},
      local.has_archive ? { ROWTIDE_ARCHIVE_FORMAT = var.archive_format } : {},
      var.source_tls_root_cert == "" ? {} : { ROWTIDE_SNAPSHOT_TLS_ROOT_CERT = var.source_tls_root_cert },
      var.snapshot_tables_file == "" ? {} : { ROWTIDE_SNAPSHOT_TABLES_FILE = var.snapshot_tables_file },
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

resource "aws_lambda_function_recursion_config" "this" {
  function_name  = aws_lambda_function.this.function_name
  recursive_loop = "Allow"
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

# A part that fails is tried twice more; then its event goes to the bucket.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_alias.live.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = var.event_age

  destination_config {
    on_failure {
      destination = aws_s3_bucket.failures.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

# When the tables are read. The time makes an event that comes twice one run.

resource "aws_scheduler_schedule" "this" {
  count = local.has_schedule ? 1 : 0

  name                = "${var.name}-schedule"
  schedule_expression = var.snapshot_schedule

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live.arn
    role_arn = aws_iam_role.schedule[0].arn
    input    = "{\"rowtide\":\"snapshot\",\"at\":\"<aws.scheduler.scheduled-time>\"}"

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 185
    }
  }
}

# Where the files of rows lie.

resource "aws_s3_bucket" "archive" {
  # checkov:skip=CKV_AWS_19: it does not evaluate the condition below, either value of which encrypts
  count = local.creates_archive ? 1 : 0

  bucket_prefix = "${substr(var.name, 0, 28)}-archive-"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  count = local.creates_archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  rule {
    bucket_key_enabled = var.archive_kms_key_arn == "" ? null : true

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.archive_kms_key_arn == "" ? "AES256" : "aws:kms"
      kms_master_key_id = var.archive_kms_key_arn == "" ? null : var.archive_kms_key_arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "archive" {
  count = local.creates_archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "archive" {
  count = local.creates_archive ? 1 : 0

  bucket                  = aws_s3_bucket.archive[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  count = local.creates_archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  rule {
    id     = "uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.archive_abort_days
    }
  }
}

# Where Lambda stores the events that it gave up.

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
