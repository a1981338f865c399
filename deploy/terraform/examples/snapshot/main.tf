# Tables of a PostgreSQL, once a day → the database whose URL is in a secret, and files in a bucket of their own.

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

variable "image_uri" {
  type = string
}

variable "release" {
  type    = string
  default = "1"
}

variable "alarm_email" {
  type    = string
  default = ""
}

# Made by hand, so that their values are in no state file: see docs/deploy.md.
data "aws_secretsmanager_secret" "source" {
  name = "shop/source"
}

data "aws_secretsmanager_secret" "database" {
  name = "rowtide/database"
}

module "snapshot" {
  source = "../../snapshot"

  release           = var.release
  image_uri         = var.image_uri
  source_secret_arn = data.aws_secretsmanager_secret.source.arn
  sink_secret_arn   = data.aws_secretsmanager_secret.database.arn
  sink_schema       = "cdc"
  snapshot_to       = "sink,archive"
  snapshot_schedule = "rate(1 day)"
  alarm_email       = var.alarm_email
}

output "snapshot" {
  value = module.snapshot
}
