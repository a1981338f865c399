# The parameters `snapshot` of deploy/parameters.json; tests/deploy keeps the two equal.

variable "name" {
  description = "Name of the function. Its log group, alarms and schedule begin with it."
  type        = string
  default     = "rowtide-snapshot"
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

variable "source_secret_arn" {
  description = "ARN of the Secrets Manager secret with the URL of the database whose tables are read, or of one that RDS manages."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.source_secret_arn))
    error_message = "source_secret_arn does not look as its description says."
  }
}

variable "source_secret_suffix" {
  description = "What follows that ARN: #FIELD for the JSON member with the URL, or ?host=HOST&port=PORT&dbname=NAME for a secret of RDS that lacks them."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(#[A-Za-z0-9_.-]{1,128}|\\?[a-z]+=[A-Za-z0-9_.-]+(&[a-z]+=[A-Za-z0-9_.-]+)*)?$", var.source_secret_suffix))
    error_message = "source_secret_suffix does not look as its description says."
  }
}

variable "source_secret_kms_key_arn" {
  description = "Your own key of the secret."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+)?$", var.source_secret_kms_key_arn))
    error_message = "source_secret_kms_key_arn does not look as its description says."
  }
}

variable "source_tls_root_cert" {
  description = "Path, in the image or zip, of the certificates to trust, such as those of RDS. Empty: the system's."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(/.+)?$", var.source_tls_root_cert))
    error_message = "source_tls_root_cert does not look as its description says."
  }
}

variable "snapshot_to" {
  description = "Where the rows go: to the tables of the sink, to files in the archive, or both."
  type        = string
  default     = "sink"
  nullable    = false

  validation {
    condition     = contains(["sink", "archive", "sink,archive"], var.snapshot_to)
    error_message = "snapshot_to is one of: sink, archive, sink,archive."
  }
}

variable "snapshot_beside" {
  description = "What reads the stream of the same tables; its changes win over the rows. auto: what filled the target so far."
  type        = string
  default     = "auto"
  nullable    = false

  validation {
    condition     = contains(["auto", "none", "arrival", "canal", "debezium", "dms", "dsql", "dynamodb", "dynamodb-kinesis", "json", "maxwell", "mongodb", "wal2json"], var.snapshot_beside)
    error_message = "snapshot_beside is one of: auto, none, arrival, canal, debezium, dms, dsql, dynamodb, dynamodb-kinesis, json, maxwell, mongodb, wal2json."
  }
}

variable "snapshot_replace" {
  description = "Whether rows that an earlier snapshot brought and this one does not see are removed."
  type        = bool
  default     = false
  nullable    = false
}

variable "snapshot_tables_file" {
  description = "Path, in the image or zip, of a JSON file with tables and queries. Empty: the tables of rowtide.toml, else all."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(/.+)?$", var.snapshot_tables_file))
    error_message = "snapshot_tables_file does not look as its description says."
  }
}

variable "snapshot_schedule" {
  description = "When the tables are read, in UTC: rate(1 day), or cron(0 3 * * ? *). Empty: only when somebody invokes the function."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\([1-9][0-9]* (minutes?|hours?|days?)\\)|cron\\(([^ ()]+ ){5}[^ ()]+\\))?$", var.snapshot_schedule))
    error_message = "snapshot_schedule does not look as its description says."
  }
}

variable "archive_bucket" {
  description = "Bucket of the archive, in the region of the function. Empty: one is created, where SnapshotTo names the archive."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$", var.archive_bucket))
    error_message = "archive_bucket does not look as its description says."
  }
}

variable "archive_prefix" {
  description = "What the keys of the archive begin with; the function may write nothing else."
  type        = string
  default     = "snapshots"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.=-]+(/[A-Za-z0-9_.=-]+)*$", var.archive_prefix))
    error_message = "archive_prefix does not look as its description says."
  }
}

variable "archive_format" {
  description = "What the files of the archive are: a row a line, with gzip or without; or one {\"Results\":[...]} a table."
  type        = string
  default     = "ndjson.gz"
  nullable    = false

  validation {
    condition     = contains(["ndjson.gz", "ndjson", "results"], var.archive_format)
    error_message = "archive_format is one of: ndjson.gz, ndjson, results."
  }
}

variable "archive_kms_key_arn" {
  description = "Your own key of the archive's bucket. Empty: S3's own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+)?$", var.archive_kms_key_arn))
    error_message = "archive_kms_key_arn does not look as its description says."
  }
}

variable "archive_abort_days" {
  description = "Days after which a created bucket forgets what is left of uploads that broke off."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.archive_abort_days >= 1 && var.archive_abort_days <= 365
    error_message = "archive_abort_days is from 1 to 365."
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
  description = "Image in ECR, by digest, as deploy/publish.sh --processor snapshot prints it. For PackageType Image."
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
  default     = 1024
  nullable    = false

  validation {
    condition     = var.memory_size >= 256 && var.memory_size <= 10240
    error_message = "memory_size is from 256 to 10240."
  }
}

variable "timeout" {
  description = "Seconds of an invocation. A part that is not done by then goes on in another one."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.timeout >= 60 && var.timeout <= 900
    error_message = "timeout is from 60 to 900."
  }
}

variable "reserved_concurrency" {
  description = "The most parts that are read at a time; this bounds the connections to both databases. -1: no reservation; 0: nothing runs."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.reserved_concurrency >= -1 && var.reserved_concurrency <= 10000
    error_message = "reserved_concurrency is from -1 to 10000."
  }
}

variable "event_age" {
  description = "Seconds for which a part may wait for an execution, or for its next attempt, before it goes to the bucket of failures."
  type        = number
  default     = 21600
  nullable    = false

  validation {
    condition     = var.event_age >= 60 && var.event_age <= 21600
    error_message = "event_age is from 60 to 21600."
  }
}

variable "sink_secret_arn" {
  description = "ARN of the secret of the database that keeps how far a snapshot is, and gets the rows where SnapshotTo names the sink."
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
    error_message = "log_retention_days is one of: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
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
  description = "Whether the alarms are created. Without any, nobody hears of tables that were not read."
  type        = bool
  default     = true
  nullable    = false
}

variable "age_alarm_seconds" {
  description = "How long a part may wait before an alarm."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.age_alarm_seconds >= 60 && var.age_alarm_seconds <= 21600
    error_message = "age_alarm_seconds is from 60 to 21600."
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
