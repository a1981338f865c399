# The parameters of deploy/parameters.json; tests/deploy keeps the two equal.

variable "name" {
  description = "Name of the function. Its log group, alarms and dashboard begin with it."
  type        = string
  default     = "rowtide"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "name does not look as its description says."
  }
}

variable "release" {
  description = "Label of this release. Change it with every change of the function or its settings: that publishes a version and moves the alias."
  type        = string
  default     = "1"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,64}$", var.release))
    error_message = "release does not look as its description says."
  }
}

variable "stream_type" {
  description = "What the function reads: a Kinesis stream, or a table's DynamoDB stream."
  type        = string
  default     = "kinesis"
  nullable    = false

  validation {
    condition     = contains(["kinesis", "dynamodb"], var.stream_type)
    error_message = "stream_type is one of: kinesis, dynamodb."
  }
}

variable "stream_arn" {
  description = "ARN of the stream to read. Empty: a Kinesis stream is created, or the created table's stream is read."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:(kinesis:[a-z0-9-]+:[0-9]{12}:stream/|dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]+/stream/).+)?$", var.stream_arn))
    error_message = "stream_arn does not look as its description says."
  }
}

variable "stream_kms_key_arn" {
  description = "Your own key of the stream, or of the table whose DynamoDB stream is read."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+)?$", var.stream_kms_key_arn))
    error_message = "stream_kms_key_arn does not look as its description says."
  }
}

variable "stream_retention_hours" {
  description = "Hours that a created Kinesis stream keeps records."
  type        = number
  default     = 168
  nullable    = false

  validation {
    condition     = var.stream_retention_hours >= 24 && var.stream_retention_hours <= 8760
    error_message = "stream_retention_hours is from 24 to 8760."
  }
}

variable "table_name" {
  description = "DynamoDB table whose changes arrive in the stream; its replication to Kinesis is watched. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_.-]{3,255})?$", var.table_name))
    error_message = "table_name does not look as its description says."
  }
}

variable "create_table" {
  description = "Whether the table is created, too, connected with microsecond precision. For an existing one see docs/deploy.md."
  type        = bool
  default     = false
  nullable    = false
}

variable "table_partition_key" {
  description = "Partition key, a string, of a created table."
  type        = string
  default     = "id"
  nullable    = false

  validation {
    condition     = can(regex("^.{1,255}$", var.table_partition_key))
    error_message = "table_partition_key does not look as its description says."
  }
}

variable "package_type" {
  description = "How the function is packaged."
  type        = string
  default     = "Image"
  nullable    = false

  validation {
    condition     = contains(["Image", "Zip"], var.package_type)
    error_message = "package_type is one of: Image, Zip."
  }
}

variable "image_uri" {
  description = "Image in ECR, by digest, as deploy/publish.sh prints it. For PackageType Image."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([0-9]{12}\\.dkr\\.ecr\\.[a-z0-9.-]+/[a-z0-9._/-]+@sha256:[0-9a-f]{64})?$", var.image_uri))
    error_message = "image_uri does not look as its description says."
  }
}

variable "code_bucket" {
  description = "Bucket of the zip. For PackageType Zip."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$", var.code_bucket))
    error_message = "code_bucket does not look as its description says."
  }
}

variable "code_key" {
  description = "Key of the zip; a new zip needs a new one. For PackageType Zip."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^.{0,180}$", var.code_key))
    error_message = "code_key does not look as its description says."
  }
}

variable "architecture" {
  description = "Instruction set of the function."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is one of: arm64, x86_64."
  }
}

variable "memory_size" {
  description = "Memory of the function in MB; its share of a processor grows with it."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240
    error_message = "memory_size is from 128 to 10240."
  }
}

variable "timeout" {
  description = "Seconds of an invocation. The function stops by itself shortly before."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.timeout >= 10 && var.timeout <= 900
    error_message = "timeout is from 10 to 900."
  }
}

variable "reserved_concurrency" {
  description = "The most executions at a time; this bounds the connections to the database. At least shards times ParallelizationFactor; -1: no reservation; 0: nothing runs."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.reserved_concurrency >= -1 && var.reserved_concurrency <= 10000
    error_message = "reserved_concurrency is from -1 to 10000."
  }
}

variable "sink_secret_arn" {
  description = "ARN of the Secrets Manager secret with the database's URL, or of one that RDS manages."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.sink_secret_arn))
    error_message = "sink_secret_arn does not look as its description says."
  }
}

variable "sink_secret_suffix" {
  description = "What follows that ARN: #FIELD for the JSON member with the URL, or ?host=HOST&port=PORT&dbname=NAME for a secret of RDS that lacks them."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(#[A-Za-z0-9_.-]{1,128}|\\?[a-z]+=[A-Za-z0-9_.-]+(&[a-z]+=[A-Za-z0-9_.-]+)*)?$", var.sink_secret_suffix))
    error_message = "sink_secret_suffix does not look as its description says."
  }
}

variable "sink_secret_kms_key_arn" {
  description = "Your own key of the secret."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+)?$", var.sink_secret_kms_key_arn))
    error_message = "sink_secret_kms_key_arn does not look as its description says."
  }
}

variable "secrets_extension_arn" {
  description = "Layer version of the AWS Parameters and Secrets extension. For PackageType Zip; an image brings its own. Empty: the function asks Secrets Manager itself."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+)?$", var.secrets_extension_arn))
    error_message = "secrets_extension_arn does not look as its description says."
  }
}

variable "database_user_arn" {
  description = "Database user (rds-db ARN) that logs in with an IAM token instead of a password."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:rds-db:[a-z0-9-]+:[0-9]{12}:dbuser:[A-Za-z0-9-]+/[^*]+)?$", var.database_user_arn))
    error_message = "database_user_arn does not look as its description says."
  }
}

variable "sink_tls_root_cert" {
  description = "Path, in the image or zip, of the certificates to trust, such as those of RDS. Empty: the system's."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(/.+)?$", var.sink_tls_root_cert))
    error_message = "sink_tls_root_cert does not look as its description says."
  }
}

variable "config_parameter" {
  description = "SSM parameter with rowtide.toml; begins with a slash. Empty: the settings of this template alone."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(/[A-Za-z0-9_./-]{1,1000})?$", var.config_parameter))
    error_message = "config_parameter does not look as its description says."
  }
}

variable "decoder" {
  description = "Format of the records. Empty: dynamodb-kinesis behind Kinesis, dynamodb behind DynamoDB Streams."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = contains(["", "archive", "auto", "canal", "debezium", "dms", "dsql", "dynamodb", "dynamodb-export", "dynamodb-kinesis", "json", "maxwell", "mongodb", "snapshot", "wal2json"], var.decoder)
    error_message = "decoder is not one of the values that its description and deploy/parameters.json allow."
  }
}

variable "sink_schema" {
  description = "Schema of the tables. Empty: public, or doc on CrateDB."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z_][A-Za-z0-9_$]{0,62})?$", var.sink_schema))
    error_message = "sink_schema does not look as its description says."
  }
}

variable "sink_ddl" {
  description = "Whether missing tables are created. In production: never, after a person ran `rowtide ddl`."
  type        = string
  default     = "auto"
  nullable    = false

  validation {
    condition     = contains(["auto", "never"], var.sink_ddl)
    error_message = "sink_ddl is one of: auto, never."
  }
}

variable "sink_connections" {
  description = "The most connections of one execution."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.sink_connections >= 1 && var.sink_connections <= 1000
    error_message = "sink_connections is from 1 to 1000."
  }
}

variable "batch_size" {
  description = "The most records of an invocation."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10000
    error_message = "batch_size is from 1 to 10000."
  }
}

variable "batching_window" {
  description = "Seconds for which a batch may fill."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.batching_window >= 0 && var.batching_window <= 300
    error_message = "batching_window is from 0 to 300."
  }
}

variable "parallelization_factor" {
  description = "Batches of one shard at a time. Order is kept for each partition key."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.parallelization_factor >= 1 && var.parallelization_factor <= 10
    error_message = "parallelization_factor is from 1 to 10."
  }
}

variable "retry_attempts" {
  description = "How often a failed batch is tried again before it goes to the bucket. A database that refuses connections costs one every four seconds, a missing permission several a second."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.retry_attempts >= 1 && var.retry_attempts <= 10000
    error_message = "retry_attempts is from 1 to 10000."
  }
}

variable "record_age" {
  description = "Seconds after which a record that fails goes to the bucket. Less than the stream keeps records (DynamoDB Streams: 86,400)."
  type        = number
  default     = 72000
  nullable    = false

  validation {
    condition     = var.record_age >= 60 && var.record_age <= 604800
    error_message = "record_age is from 60 to 604800."
  }
}

variable "starting_position" {
  description = "Where reading begins, for good. LATEST misses what came before the mapping was ready."
  type        = string
  default     = "TRIM_HORIZON"
  nullable    = false

  validation {
    condition     = contains(["TRIM_HORIZON", "LATEST"], var.starting_position)
    error_message = "starting_position is one of: TRIM_HORIZON, LATEST."
  }
}

variable "filter_pattern" {
  description = "Pattern of the records that reach the function, such as {\"eventName\":[\"INSERT\",\"MODIFY\",\"REMOVE\"]}, with Kinesis {\"data\":{\"eventName\":[\"INSERT\",\"MODIFY\",\"REMOVE\"]}}. All else is lost without a sign, with Kinesis also what is no JSON. Empty: all records."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(\\{.*\\})?$", var.filter_pattern))
    error_message = "filter_pattern does not look as its description says."
  }
}

variable "purge_schedule" {
  description = "When old tombstones and dead letters are forgotten, in UTC: rate(1 day), or cron(0 3 * * ? *). Empty: never."
  type        = string
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\([1-9][0-9]* (minutes?|hours?|days?)\\)|cron\\(([^ ()]+ ){5}[^ ()]+\\))?$", var.purge_schedule))
    error_message = "purge_schedule does not look as its description says."
  }
}

variable "subnet_ids" {
  description = "Subnets of the function, for a database in a VPC. Empty: no VPC."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "security_group_ids" {
  description = "Security groups of the function in its VPC."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "log_retention_days" {
  description = "Days for which log lines are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is not one of the values that its description and deploy/parameters.json allow."
  }
}

variable "failure_retention_days" {
  description = "Days for which what Lambda gave up is kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.failure_retention_days >= 1 && var.failure_retention_days <= 3650
    error_message = "failure_retention_days is from 1 to 3650."
  }
}

variable "create_alarms" {
  description = "Whether the alarms are created. Without any, nobody hears of lost records."
  type        = bool
  default     = true
  nullable    = false
}

variable "lag_alarm_seconds" {
  description = "How far the tables may be behind the source before an alarm."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.lag_alarm_seconds >= 60 && var.lag_alarm_seconds <= 86400
    error_message = "lag_alarm_seconds is from 60 to 86400."
  }
}

variable "alarm_email" {
  description = "Address that gets the alarms; AWS asks it to confirm. Empty: nobody subscribes."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([^@ ]+@[^@ ]+)?$", var.alarm_email))
    error_message = "alarm_email does not look as its description says."
  }
}
