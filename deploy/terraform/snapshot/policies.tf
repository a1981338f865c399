# Who may do what. tests/deploy/test_policies.py lists every statement.

locals {
  statements = [
    {
      when = true
      statement = {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${var.name}:log-stream:*"
      }
    },
    {
      when = true
      statement = {
        Sid      = "KeepFailures"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${aws_s3_bucket.failures.arn}/aws/lambda/*"
      }
    },
    {
      when = true
      statement = {
        Sid      = "FindFailures"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.failures.arn
      }
    },
    # An event for each part of a table, and for what an invocation could not finish.
    {
      when = true
      statement = {
        Sid      = "InvokeItself"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}:live"
      }
    },
    {
      when = true
      statement = {
        Sid      = "ReadSourceSecret"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = var.source_secret_arn
      }
    },
    {
      when = true
      statement = {
        Sid      = "ReadSecret"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = var.sink_secret_arn
      }
    },
    {
      when = var.source_secret_kms_key_arn != ""
      statement = {
        Sid      = "DecryptSourceSecret"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.source_secret_kms_key_arn
        Condition = {
          StringEquals = {
            "kms:ViaService" = "secretsmanager.${local.region}.${data.aws_partition.current.dns_suffix}"
          }
        }
      }
    },
    {
      when = var.sink_secret_kms_key_arn != ""
      statement = {
        Sid      = "DecryptSecret"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.sink_secret_kms_key_arn
        Condition = {
          StringEquals = {
            "kms:ViaService" = "secretsmanager.${local.region}.${data.aws_partition.current.dns_suffix}"
          }
        }
      }
    },
    {
      when = local.has_archive
      statement = {
        Sid      = "WriteArchive"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = "${local.archive_arn}/${var.archive_prefix}/*"
      }
    },
    # Decrypt, because S3 reads the parts of an upload when it puts them together.
    {
      when = local.has_archive_key
      statement = {
        Sid      = "EncryptArchive"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.archive_kms_key_arn
        Condition = {
          StringEquals = {
            "kms:ViaService" = "s3.${local.region}.${data.aws_partition.current.dns_suffix}"
          }
        }
      }
    },
    {
      when = var.config_parameter != ""
      statement = {
        Sid      = "ReadConfig"
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${var.config_parameter}"
      }
    },
    {
      when = var.database_user_arn != ""
      statement = {
        Sid      = "LogInToDatabase"
        Effect   = "Allow"
        Action   = "rds-db:connect"
        Resource = var.database_user_arn
      }
    },
    {
      when = length(var.subnet_ids) > 0
      statement = {
        Sid      = "UseVpc"
        Effect   = "Allow"
        Action   = local.vpc_actions
        Resource = "*"
      }
    },
    # Lambda needs these for the function; the function's own code never does.
    {
      when = length(var.subnet_ids) > 0
      statement = {
        Sid      = "NotTheCodeItself"
        Effect   = "Deny"
        Action   = local.vpc_actions
        Resource = "*"
        Condition = {
          ArnEquals = {
            "lambda:SourceFunctionArn" = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}"
          }
        }
      }
    },
  ]

  vpc_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
}

resource "aws_iam_role" "this" {
  name_prefix = "${substr(var.name, 0, 37)}-"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "rowtide"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for each in local.statements : each.statement if each.when]
  })
}

# May begin a snapshot and nothing else. AWS knows groups of schedules here, not schedules.
resource "aws_iam_role" "schedule" {
  count = local.has_schedule ? 1 : 0

  name_prefix = "${substr(var.name, 0, 28)}-schedule-"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "scheduler.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = local.account
            "aws:SourceArn"     = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/default"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "schedule" {
  count = local.has_schedule ? 1 : 0

  name = "rowtide"
  role = aws_iam_role.schedule[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "BeginSnapshot"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = aws_lambda_alias.live.arn
      },
    ]
  })
}

resource "aws_s3_bucket_policy" "archive" {
  count = local.creates_archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EncryptedConnectionsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.archive[0].arn, "${aws_s3_bucket.archive[0].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_s3_bucket_policy" "failures" {
  bucket = aws_s3_bucket.failures.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EncryptedConnectionsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.failures.arn, "${aws_s3_bucket.failures.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}
