# A table that exists → a Kinesis stream → the function as an image → the database whose URL is in a secret.

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

# Made by hand, so that its value is in no state file: see docs/deploy.md.
data "aws_secretsmanager_secret" "database" {
  name = "rowtide/database"
}

module "rowtide" {
  source = "../.."

  name            = "rowtide"
  release         = var.release
  table_name      = var.table_name
  image_uri       = var.image_uri
  sink_secret_arn = data.aws_secretsmanager_secret.database.arn
  sink_schema     = "cdc"
  alarm_email     = var.alarm_email
}

output "rowtide" {
  value = module.rowtide
}
