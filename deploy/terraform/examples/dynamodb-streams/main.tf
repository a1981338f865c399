# The DynamoDB stream of a table that exists → the function as a zip, in a VPC → the database whose URL is in a secret.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "table_name" {
  type = string
}

variable "code_bucket" {
  type = string
}

variable "code_key" {
  type = string
}

variable "subnet_ids" {
  type = list(string)
}

variable "security_group_ids" {
  type = list(string)
}

data "aws_dynamodb_table" "source" {
  name = var.table_name

  lifecycle {
    postcondition {
      condition     = contains(["NEW_IMAGE", "NEW_AND_OLD_IMAGES"], self.stream_view_type)
      error_message = "The stream of the table needs the view type NEW_IMAGE or NEW_AND_OLD_IMAGES."
    }
  }
}

data "aws_secretsmanager_secret" "database" {
  name = "rowtide/database"
}

module "rowtide" {
  source = "../.."

  name               = "rowtide"
  stream_type        = "dynamodb"
  stream_arn         = data.aws_dynamodb_table.source.stream_arn
  package_type       = "Zip"
  code_bucket        = var.code_bucket
  code_key           = var.code_key
  sink_secret_arn    = data.aws_secretsmanager_secret.database.arn
  sink_schema        = "cdc"
  subnet_ids         = var.subnet_ids
  security_group_ids = var.security_group_ids
}

output "rowtide" {
  value = module.rowtide
}
