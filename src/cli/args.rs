//! What can be typed. The texts here are what `--help` shows.

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use rowtide::config::{Config, Draft, Loaded};
use rowtide::decoders::names;
use rowtide::error::Error;
use rowtide::plan::Dialect;
use rowtide::sink::configured;
use std::path::PathBuf;

/// Turns change-data-capture records into PostgreSQL and CrateDB tables that equal their source.
#[derive(Debug, Parser)]
#[command(
    name = "rowtide",
    version,
    after_help = "Example:\n  rowtide replay events/dynamodb/insert.json\n\nExit status: 0 done, 1 failed, 2 usage or \
                  configuration."
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes, before its name or behind it. Not `global` in clap's sense: there the settings behind the
/// name would replace those before it.
#[derive(Debug, Default, Args)]
pub(super) struct Global {
    /// The configuration file [default: the variable ROWTIDE_CONFIG, else ./rowtide.toml when there is one]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Gives a setting a value, over file and environment; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
}

impl Global {
    /// What the command line itself gives this setting, the last of several.
    pub(super) fn given(&self, setting: &str) -> Option<&str> {
        self.set.iter().rev().find_map(|set| set.strip_prefix(setting)?.strip_prefix('='))
    }

    /// These options, with those behind the command's name over them.
    pub(super) fn and(&self, behind: &Self) -> Self {
        Self {
            config: behind.config.as_ref().or(self.config.as_ref()).cloned(),
            set: self.set.iter().chain(&behind.set).cloned().collect(),
        }
    }

    /// The configuration, with `more` settings over the others, and without those that the command does not use.
    pub(super) fn config(&self, more: Vec<String>, ignore: &[&str]) -> Result<Config, Error> {
        let set: Vec<String> = self.set.iter().cloned().chain(more).collect();
        let draft = || Draft::from_environment(self.config.as_deref(), &set, ignore);
        match draft().load()? {
            Loaded::Whole(config) => Ok(*config),
            // rarely: this may already run in a runtime, which could not wait for another
            Loaded::Needs(_) => std::thread::scope(|scope| scope.spawn(|| fetched(draft())).join())
                .unwrap_or_else(|_| Err(Error::config("The configuration could not be fetched."))),
        }
    }
}

fn fetched(draft: Draft<'_>) -> Result<Config, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::config("The threads cannot be started.").because(error))?;
    runtime.block_on(rowtide::secrets::load(draft))
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Apply captured events to a database through the same code as the Lambda function
    #[command(after_help = "Examples:\n  rowtide replay events/dynamodb-kinesis/insert.json\n  \
                      zcat changes.ndjson.gz | rowtide replay --sink postgresql://localhost/shop --output json -")]
    Replay(ReplayArgs),
    /// Print the change events of captured records, one JSON object a line; no database
    #[command(after_help = "Example:\n  rowtide decode events/dynamodb/modify.json | jq .document")]
    Decode(InputArgs),
    /// Print the statements that captured records lead to, in order, as JSON lines; no database
    #[command(after_help = "Example:\n  rowtide plan events/dynamodb/modify.json | jq -r .sql")]
    Plan(PlanArgs),
    /// List the formats that records may have, with the name of the decoder of each
    #[command(after_help = "Example:\n  rowtide formats")]
    Formats(FormatsArgs),
    /// Print the statements that create what a source table needs in the database, and those of an upgrade
    #[command(after_help = "Examples:\n  rowtide ddl orders | psql postgresql://localhost/shop\n  \
                      rowtide ddl | psql postgresql://localhost/shop")]
    Ddl(DdlArgs),
    /// List, redrive or discard parked records
    #[command(
        after_help = "Example:\n  rowtide dead-letters list --table orders --sink postgresql://localhost/shop"
    )]
    DeadLetters(DeadLetterArgs),
    /// Print the rows of a target with their documents whole, whatever of them lies in which column
    #[command(after_help = "Examples:\n  rowtide show orders --limit 10 --sink crate://localhost\n  \
                      rowtide show sales.orders --key '[\"o-10231\"]' --output json")]
    Show(ShowArgs),
    /// Print what is in the database at a glance: rows, last change, lag, parked records; nothing is changed
    #[command(after_help = "Examples:\n  rowtide status --sink postgresql://localhost/shop\n  \
                      rowtide status --watch --sink crate://localhost")]
    Status(StatusArgs),
    /// Take documents by HTTP, each once, and store them
    #[command(
        after_help = "Example:\n  rowtide serve\n  curl -X POST http://127.0.0.1:3000/collect -d '{\"hello\":\"world\"}'\n\n\
                      Without a database, rows are kept in the folder rowtide-data by the embedded PostgreSQL."
    )]
    Serve(ServeArgs),
    /// Read tables of a PostgreSQL as they are now: into the sink, into files, or both
    #[command(
        after_help = "Examples:\n  rowtide snapshot public.orders --source postgresql://localhost/shop \\\n    \
                      --sink postgresql://localhost/warehouse\n  \
                      rowtide snapshot 'public.*' --source postgresql://localhost/shop --archive file:///var/lake"
    )]
    Snapshot(SnapshotArgs),
    /// Compare tables of a PostgreSQL with what the sink has of them, row by row; nothing is changed
    #[command(
        after_help = "Examples:\n  rowtide verify public.orders --source postgresql://localhost/shop \\\n    \
                      --sink postgresql://localhost/warehouse\n  \
                      rowtide verify 'public.*' --sample 1% --settle 30s --output json\n\n\
                      Exit status: 0 no difference, 1 a difference, 2 usage or configuration."
    )]
    Verify(VerifyArgs),
    /// Forget deleted rows: remove old tombstones, and dead letters beyond their retention
    #[command(
        after_help = "Example:\n  rowtide purge --older-than 7d --dry-run --sink postgresql://localhost/shop"
    )]
    Purge(PurgeArgs),
    /// List or clear what jobs keep between two runs: cursors, runs, claims
    #[command(
        after_help = "Example:\n  rowtide state list --job snapshot --sink postgresql://localhost/shop"
    )]
    State(StateArgs),
    /// Find what would lose or block data, or leak a secret: in templates, live mappings, configuration and database
    #[command(after_help = "Examples:\n  rowtide doctor template.yaml\n  \
                      terraform show -json plan.out | rowtide doctor - --output json\n  \
                      aws lambda get-event-source-mapping --uuid ID | rowtide doctor --sink postgresql://localhost/shop -\n\n\
                      Exit status: 0 no errors, 1 an error was found, 2 usage, or a file that cannot be read.")]
    Doctor(DoctorArgs),
    /// Print every setting with its value, its default and where the value comes from; secrets masked
    #[command(after_help = "Example:\n  rowtide config --set sink.schema=sales")]
    Config(ConfigArgs),
    /// Print a script that completes commands and options in a shell
    #[command(after_help = "Example:\n  rowtide completions bash > /etc/bash_completion.d/rowtide")]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Whether what it prints is for programs: then every character counts.
    pub(super) fn is_for_programs(&self) -> bool {
        let output = match self {
            Self::Decode(_) | Self::Plan(_) | Self::Ddl(_) | Self::Completions { .. } => Output::Json,
            Self::Serve(_) => Output::Human,
            Self::Replay(args) => args.output,
            Self::Formats(args) => args.output,
            Self::Show(args) => args.output,
            Self::Status(args) => args.output,
            Self::Purge(args) => args.output,
            Self::Snapshot(args) => args.output,
            Self::Verify(args) => args.output,
            Self::Doctor(args) => args.output,
            Self::Config(args) => args.output,
            Self::DeadLetters(args) => args.action.selection().output,
            Self::State(args) => args.action.common().output,
        };
        output == Output::Json
    }
}

/// Captured records.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    /// Lambda events (one, or one a line) or bare payloads, plain or packed by gzip or zstd; - is stdin
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// How many bare payloads make a batch; one of 64 MiB is full in any case
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) batch: u32,
    /// The format of the records; the same as --set source.decoder=NAME
    #[arg(long, value_name = "NAME", value_parser = decoder_names())]
    pub(super) decoder: Option<String>,
    #[command(flatten)]
    pub(super) global: Global,
}

/// What `--decoder` takes: shells complete it.
fn decoder_names() -> PossibleValuesParser {
    PossibleValuesParser::new(std::iter::once("auto").chain(names()))
}

impl InputArgs {
    /// The settings that these options stand for.
    pub(super) fn settings(&self) -> Vec<String> {
        self.decoder.iter().map(|name| format!("source.decoder={name}")).collect()
    }
}

#[derive(Debug, Args)]
pub(super) struct FormatsArgs {
    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    /// Apply changes even if they are older than a purge and may bring deleted rows back
    #[arg(long)]
    pub(super) force: bool,
    /// Leave out the tables
    #[arg(long)]
    pub(super) no_rows: bool,
    /// Exit with status 1 when a record was parked
    #[arg(long)]
    pub(super) fail_on_parked: bool,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
}

/// The database. `sink.url` counts only where a command says so.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// The database to use [default: for replay an embedded one, else sink.url]
    #[arg(long, value_name = "URL", conflicts_with = "data_dir")]
    pub(super) sink: Option<String>,
    /// Use the embedded PostgreSQL and keep its data in this folder
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// The database to plan for [default: sink.dialect, else postgres]
    #[arg(long, value_enum)]
    pub(super) dialect: Option<DialectArg>,
}

#[derive(Debug, Args)]
pub(super) struct DdlArgs {
    /// The table, as the source names it [default: only the tables that rowtide keeps for itself]
    pub(super) table: Option<String>,
    /// The database to write for [default: sink.dialect, else postgres]
    #[arg(long, value_enum)]
    pub(super) dialect: Option<DialectArg>,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// SAM or CloudFormation templates, the JSON of a Terraform plan or state, or what `aws lambda` prints of event
    /// source mappings and functions; - is stdin
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Examine this database too: connection, TLS, privileges, tables, clock; nothing is changed in it
    #[arg(long, value_name = "URL")]
    pub(super) sink: Option<String>,
    /// The value of a template's parameter, in place of its default; may be repeated
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) parameters: Vec<(String, String)>,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The target as `schema.name`, its name alone, or the source table
    pub(super) table: String,
    /// Only the row with this key: o-10231, or of several members as the column `key` shows it: ["o-10231",1]
    #[arg(long, allow_hyphen_values = true)]
    pub(super) key: Option<String>,
    /// At most so many rows
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u64>,
    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Look again every two seconds, until Ctrl-C
    #[arg(long)]
    pub(super) watch: bool,
    /// For people, or one JSON object a look
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to listen
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3000")]
    pub(super) listen: String,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
pub(super) struct SnapshotArgs {
    /// The tables: public.orders, or patterns such as 'public.*' [default: those of [[snapshot.table]] and of
    /// snapshot.tables_file]
    #[arg(value_name = "TABLE")]
    pub(super) tables: Vec<String>,
    /// The database to read [default: snapshot.url]
    #[arg(long, value_name = "URL")]
    pub(super) source: Option<String>,
    /// The stream beside it: debezium, dms, wal2json, none, … [default: snapshot.beside]
    #[arg(long, value_name = "NAME")]
    pub(super) beside: Option<String>,
    /// Write files there: file:///folder or s3://bucket/prefix; without a sink beside it, only files
    #[arg(long, value_name = "URL")]
    pub(super) archive: Option<String>,
    /// Remove rows that an earlier snapshot brought and this one does not see
    #[arg(long)]
    pub(super) replace: bool,
    /// Go on where the last snapshot ended before its time; tables that it had read whole are left out
    #[arg(long)]
    pub(super) resume: bool,
    /// For people, or one JSON object a table
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) global: Global,
}

impl SnapshotArgs {
    /// The settings that the options stand for.
    pub(super) fn settings(&self) -> Vec<String> {
        let given = [
            ("snapshot.url", self.source.as_deref()),
            ("snapshot.beside", self.beside.as_deref()),
            ("archive.url", self.archive.as_deref()),
            ("snapshot.replace", self.replace.then_some("true")),
        ];
        let has_sink = self.place.sink.is_some() || self.place.data_dir.is_some();
        let to = match (self.archive.is_some(), has_sink) {
            (true, true) => Some("sink,archive"),
            (true, false) => Some("archive"),
            (false, _) => None,
        };
        let given = given.into_iter().chain([("snapshot.to", to)]);
        given.filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect()
    }
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The tables: public.orders, or patterns such as 'public.*' [default: those of [[snapshot.table]] and of
    /// snapshot.tables_file]
    #[arg(value_name = "TABLE")]
    pub(super) tables: Vec<String>,
    /// The database to compare with [default: snapshot.url]
    #[arg(long, value_name = "URL")]
    pub(super) source: Option<String>,
    /// Compare with an archive instead, or with an export of DynamoDB: its folder, or s3://… or file://…
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["source", "sample"])]
    pub(super) archive: Option<PathBuf>,
    /// Compare about this share of the rows, as 1%; what the target has too much is then not looked for
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "100%")]
    pub(super) sample: f64,
    /// How long a difference must last: longer than the stream lags
    #[arg(long, value_name = "TIME", value_parser = age, default_value = "10s")]
    pub(super) settle: std::time::Duration,
    /// For people, or one JSON object a difference and one a table
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) global: Global,
}

impl VerifyArgs {
    /// The settings that the options stand for.
    pub(super) fn settings(&self) -> Vec<String> {
        let source = self.source.iter().map(|url| format!("snapshot.url={url}"));
        let own = ["snapshot.to=sink", "snapshot.replace=false"].map(str::to_owned);
        source.chain(own).collect()
    }
}

#[derive(Debug, Args)]
pub(super) struct PurgeArgs {
    /// Age of the tombstones to remove, as 7d, 12h, 30m [default: sink.tombstone_retention]
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(super) older_than: Option<std::time::Duration>,
    /// Only count them
    #[arg(long)]
    pub(super) dry_run: bool,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
pub(super) struct StateArgs {
    #[command(subcommand)]
    pub(super) action: StateAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum StateAction {
    /// Print what jobs keep, by job and key
    #[command(after_help = "Example:\n  rowtide state list --job snapshot orders/ --output json")]
    List {
        /// Only under keys that begin so
        prefix: Option<String>,
        /// Only of this job
        #[arg(long)]
        job: Option<String>,
        #[command(flatten)]
        common: StateCommon,
    },
    /// Remove what a job keeps, so that it begins anew; end the job first
    #[command(
        after_help = "Examples:\n  rowtide state clear snapshot orders/\n  rowtide state clear snapshot --all"
    )]
    Clear {
        /// The job
        job: String,
        /// Only under this key, and those below it: with a slash or a run behind it
        #[arg(conflicts_with = "all")]
        key: Option<String>,
        /// Under every key
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        common: StateCommon,
    },
}

impl StateAction {
    /// Where, and who reads what is printed.
    pub(super) fn common(&self) -> &StateCommon {
        let (Self::List { common, .. } | Self::Clear { common, .. }) = self;
        common
    }
}

/// What both actions take.
#[derive(Debug, Args)]
pub(super) struct StateCommon {
    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
pub(super) struct DeadLetterArgs {
    #[command(subcommand)]
    pub(super) action: DeadLetterAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum DeadLetterAction {
    /// Print parked records
    #[command(after_help = "Example:\n  rowtide dead-letters list --since 24h --output json")]
    List {
        #[command(flatten)]
        selection: Selection,
        /// Only those that are not redriven
        #[arg(long)]
        open: bool,
        /// At most so many, the lowest numbers first [default: 1000 for people, all of them for programs]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        limit: Option<u64>,
    },
    /// Print parked records whole, with their payload
    #[command(after_help = "Example:\n  rowtide dead-letters show 17")]
    Show {
        #[command(flatten)]
        selection: Selection,
    },
    /// Apply parked records once more, those of a key in the order of their versions
    #[command(after_help = "Example:\n  rowtide dead-letters redrive --table orders --code rejected")]
    Redrive {
        #[command(flatten)]
        selection: Selection,
        /// Apply changes even if they are older than a purge and may bring deleted rows back
        #[arg(long)]
        force: bool,
        /// Read the records with this decoder, whichever read them when they were parked; the same as --set
        /// source.decoder=NAME
        #[arg(long, value_name = "NAME", value_parser = decoder_names())]
        decoder: Option<String>,
    },
    /// Delete parked records for good
    #[command(after_help = "Example:\n  rowtide dead-letters discard --key '[\"o-10231\"]'")]
    Discard {
        #[command(flatten)]
        selection: Selection,
        /// Every one, when nothing else is given
        #[arg(long)]
        all: bool,
    },
}

impl DeadLetterAction {
    /// Which parked records are meant.
    pub(super) fn selection(&self) -> &Selection {
        let (Self::List { selection, .. }
        | Self::Show { selection }
        | Self::Redrive { selection, .. }
        | Self::Discard { selection, .. }) = self;
        selection
    }
}

/// Which parked records are meant.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Their numbers
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<i64>,
    /// Of this source table
    #[arg(long)]
    pub(super) table: Option<String>,
    /// Parked with this code
    #[arg(long)]
    pub(super) code: Option<String>,
    /// Of the row with this key: o-10231, or of several members as the column `key` shows it: ["o-10231",1]
    #[arg(long, allow_hyphen_values = true)]
    pub(super) key: Option<String>,
    /// Parked since: 2026-03-02T08:35:30Z, 2026-03-02, or an age as 24h
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(super) since: Option<jiff::Timestamp>,
    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) global: Global,
}

/// Who reads the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    Human,
    /// For programs
    Json,
}

/// A database's kind, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DialectArg {
    /// PostgreSQL
    Postgres,
    /// CrateDB
    Cratedb,
}

/// Settings of a server, which must not make a command fail that asks none.
pub(super) const UNUSED: [&str; 3] = ["sink.url", "sink.tls", "sink.tls_root_cert"];

/// The settings that the option `--dialect` stands for.
pub(super) fn dialect_setting(asked: Option<DialectArg>) -> Vec<String> {
    let name = asked.map(|asked| match asked {
        DialectArg::Postgres => "postgres",
        DialectArg::Cratedb => "cratedb",
    });
    name.iter().map(|name| format!("sink.dialect={name}")).collect()
}

/// The configured dialect.
pub(super) fn dialect(config: &Config) -> Dialect {
    configured(config).unwrap_or(Dialect::Postgres)
}

/// A name and a value.
fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "must be NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A share as `1%`, above nothing.
fn share(text: &str) -> Result<f64, String> {
    let share = text.strip_suffix('%').and_then(|percent| percent.parse::<f64>().ok());
    let share = share.map(|percent| percent / 100.0).filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "must be a share above 0% and up to 100%, as 1%".to_owned())
}

/// Units of an age, in seconds.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// A hundred years: beyond it, dates leave what databases can hold.
const AGE_MAX_SECONDS: u64 = 36_500 * 86_400;

/// An age as `7d`; zero is one.
fn age(text: &str) -> Result<std::time::Duration, String> {
    let parse = || {
        let (unit, seconds) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
        let number = text.strip_suffix(unit)?;
        let number: u64 = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
        number.checked_mul(*seconds).filter(|age| *age <= AGE_MAX_SECONDS)
    };
    parse()
        .map(std::time::Duration::from_secs)
        .ok_or_else(|| "must be a number and d, h, m or s, as 7d".to_owned())
}

/// A point in time, a day (in UTC), or an age.
fn since(text: &str) -> Result<jiff::Timestamp, String> {
    if let Ok(age) = age(text) {
        let before = jiff::Timestamp::now().checked_sub(age);
        return before.map_err(|_| "must not be so long ago".to_owned());
    }
    let start_of_day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    text.parse::<jiff::Timestamp>()
        .ok()
        .or_else(|| start_of_day().map(|day| day.timestamp()))
        .ok_or_else(|| "must be a time as 2026-03-02T08:35:30Z, a day, or an age as 24h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Cli, age, since};
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{}", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn ages_and_times_are_understood() {
        let seconds = |text| age(text).ok().map(|age| age.as_secs());
        let table =
            [("7d", Some(604_800)), ("0s", Some(0)), ("90m", Some(5_400)), ("7", None), ("-1d", None)];
        for (text, expected) in table {
            assert_eq!(seconds(text), expected, "{text}");
        }
        assert!(since("2026-03-02").is_ok() && since("2026-03-02T08:35:30Z").is_ok() && since("24h").is_ok());
        assert!(since("yesterday").is_err() && since("99999999d").is_err());
    }
}
