# The repository of the function's images, for the functions of this account only: the same as template.yaml.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "name" {
  description = "Name of the repository, and the beginning of the names of the functions that may use it."
  type        = string
  default     = "rowtide"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "name does not look as its description says."
  }
}

variable "keep_images" {
  description = "How many images are kept. The alias can go back as far as this."
  type        = number
  default     = 20

  validation {
    condition     = var.keep_images >= 2 && var.keep_images <= 1000
    error_message = "keep_images is from 2 to 1000."
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  functions = join(":", [
    "arn", data.aws_partition.current.partition, "lambda", data.aws_region.current.region,
    data.aws_caller_identity.current.account_id, "function", "${var.name}*",
  ])
}

resource "aws_ecr_repository" "this" {
  name                 = var.name
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "the last ${var.keep_images} images"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.keep_images }
        action       = { type = "expire" }
      },
    ]
  })
}

resource "aws_ecr_repository_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "FunctionsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Condition = { ArnLike = { "aws:SourceArn" = local.functions } }
      },
    ]
  })
}

output "repository_uri" {
  value = aws_ecr_repository.this.repository_url
}
