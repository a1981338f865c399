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
      when = local.is_kinesis
      statement = {
        Sid    = "ReadKinesis"
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStream",
          "kinesis:DescribeStreamSummary",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ]
        Resource = local.stream_arn
      }
    },
    {
      when = !local.is_kinesis
      statement = {
        Sid      = "ReadDynamodbStream"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        Resource = local.stream_arn
      }
    },
    {
      when = !local.is_kinesis
      statement = {
        Sid      = "ListDynamodbStreams"
        Effect   = "Allow"
        Action   = "dynamodb:ListStreams"
        Resource = "*"
      }
    },
    {
      when = var.stream_kms_key_arn != ""
      statement = {
        Sid      = "DecryptStream"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.stream_kms_key_arn
        Condition = {
          StringEquals = {
            "kms:ViaService" = "${var.stream_type}.${local.region}.${data.aws_partition.current.dns_suffix}"
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

resource "aws_lambda_permission" "purge" {
  count = local.has_purge ? 1 : 0

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.live.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.purge[0].arn
}
