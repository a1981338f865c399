//! The function `rowtide-snapshot`: tables read by invocations of their own.
//!
//! An event of a schedule, or one by hand, begins a run of every table, and hands Lambda an event for each part of
//! it. Each of these reads its part, goes on in another invocation before its own ends, and whichever is last ends
//! the run. No event holds a secret, a statement or a key: how far a part is stands in the state of the sink, where
//! whoever works on a part holds it. So an event that comes twice does no harm, and neither does one that fails and
//! comes again.

use super::function::{Failure, Function, Response, deadline, serve};
use super::platform::function_name;
use crate::config::Draft;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::event::Timestamp;
use crate::json::quoted;
use crate::metrics::{Emitter, Measures};
use crate::secrets::{self, Secrets};
use crate::sink::Database;
use crate::snapshot::{Chosen, Counts, Done, JOB, Reached, Run, Snapshot, Start, run_time};
use lambda_runtime::{Context, LambdaEvent};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A part goes on in another invocation so often: at ten minutes each, for more than half a day. A chain that is longer
/// goes nowhere.
const HOPS_MAX: u32 = 100;

/// How far a clock may be ahead.
const AHEAD_MAX: Duration = Duration::from_secs(5 * 60);
/// The key of what is known of an event without a time begins so.
const EVENT: &str = "event";
/// Lambda tries an event again for six hours at most. Source: AWS Lambda Developer Guide, "Configuring error handling
/// settings for asynchronous invocations".
const EVENTS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}

/// Runs the snapshot function until Lambda ends it, as [`run`](super::run) does the stream function.
pub async fn run_snapshot() -> ExitCode {
    serve::<SnapshotFunction>().await
}

/// What the function keeps from one invocation to the next.
struct SnapshotFunction {
    database: Database,
    secrets: Secrets,
    emitter: Emitter,
}

/// What an event asks for.
#[derive(Debug, Default, Deserialize)]
struct Event {
    /// `snapshot`.
    rowtide: Option<String>,
    /// The tables of a run; all of the configuration when it is not there.
    #[serde(default)]
    tables: Vec<String>,
    /// When the run begins, so that the same event twice begins one.
    at: Option<String>,
    /// The same of an event of EventBridge.
    time: Option<String>,
    /// The part that is to be read.
    run: Option<String>,
    table: Option<String>,
    part: Option<usize>,
    #[serde(default)]
    hop: u32,
}

impl Function for SnapshotFunction {
    async fn from_environment() -> Result<Self> {
        let config = Box::pin(secrets::load(Draft::of_function()?)).await?;
        if config.snapshot.url.is_none() {
            return Err(Error::config(
                "`snapshot.url` is not set: set the variable ROWTIDE_SNAPSHOT_URL to the database that is read.",
            ));
        }
        // the state of a run that goes from one invocation to the next must be kept somewhere
        config.sink.required_url().map_err(|error| {
            error.and("The function keeps there how far it is, also when rows go to the archive alone")
        })?;
        let database = Database::new(&config)?;
        database.prefetch();
        let emitter = Emitter::new(&config.metrics);
        Ok(Self { secrets: Secrets::new(config.aws.clone()), database, emitter })
    }

    async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Response, Failure> {
        let (payload, context) = event.into_parts();
        let started = Instant::now();
        let answer = Box::pin(self.answer(payload.get(), &context)).await;
        if answer.is_err() {
            // each page of rows tells of itself
            self.emitter.emit(Measures::failed(), started.elapsed(), function_name().as_deref());
        }
        Ok(RawValue::from_string(answer?).map_err(|_| Error::config("The answer is not JSON."))?)
    }

    fn close(&self) {
        self.database.close();
    }
}

impl SnapshotFunction {
    async fn answer(&self, payload: &str, context: &Context) -> Result<String> {
        let event: Event = serde_json::from_str(payload).unwrap_or_default();
        let is_scheduled = event.time.is_some() && event.rowtide.is_none();
        if event.rowtide.as_deref() != Some("snapshot") && !is_scheduled {
            return Err(Error::config(
                "The event asks for nothing that this function does: it must be {\"rowtide\":\"snapshot\"}, or an event of \
                 a schedule.",
            ));
        }
        let deadline = deadline(context);
        let mut config = self.database.config(deadline).await?;
        if config.metrics.service.is_none() {
            config.metrics.service = function_name();
        }
        let sink = Some((&self.database, &self.database));
        let job = Box::pin(Snapshot::new(&config, sink)).await?;
        match (&event.run, &event.table, event.part) {
            (Some(run), Some(table), Some(part)) => {
                let asked = Part { run, table, part, hop: event.hop };
                Box::pin(self.part(&job, &asked, deadline, context)).await
            }
            (None, None, None) => Box::pin(self.fan_out(&job, &event, deadline, context)).await,
            _ => Err(Error::config("The event must have all of `run`, `table` and `part`, or none of them.")),
        }
    }

    /// Begins a run of each table, and hands Lambda an event for each of its parts. One table that cannot be read does
    /// not keep the others from it.
    async fn fan_out(
        &self,
        job: &Snapshot<'_, Database>,
        event: &Event,
        deadline: Deadline,
        context: &Context,
    ) -> Result<String> {
        let at = match event.at.as_ref().or(event.time.as_ref()) {
            Some(text) => Timestamp::from_rfc3339(text)
                .ok_or_else(|| Error::config("`at` of the event is no time such as 2026-03-02T08:00:00Z."))?,
            None => self.first_seen(context, deadline).await?,
        };
        let ahead = at.0.saturating_sub(now().0);
        if ahead > AHEAD_MAX.as_micros().try_into().unwrap_or(i64::MAX) {
            return Err(Error::config(
                "`at` of the event is in the future: no run before that time could begin any more. Give the time of now, \
                 or none.",
            ));
        }
        self.forget_events(deadline).await?;
        let (mut begun, mut failed) = (Vec::new(), Vec::new());
        for table in job.tables(&event.tables, deadline).await? {
            match Box::pin(self.begin(job, &table, at, context)).await {
                Ok(line) => begun.push(line),
                Err(error) => {
                    tracing::error!(table = table.table.name, code = error.code().as_str(), "{error}");
                    failed.push((table.table.name, error));
                }
            }
        }
        match failed.into_iter().next() {
            None => Ok(format!("{{\"tables\":[{}]}}", begun.join(","))),
            Some((table, error)) => {
                Err(error.and(&format!("({table}; {} other tables have begun)", begun.len())))
            }
        }
    }

    /// When an event without a time came first: Lambda tries it again under the same name, and that begins no new run.
    async fn first_seen(&self, context: &Context, deadline: Deadline) -> Result<Timestamp> {
        let now = now();
        let key = format!("{EVENT} {}", context.request_id);
        if self.database.put_state(JOB, &key, &now.to_string(), None, deadline).await?.is_some() {
            return Ok(now);
        }
        let first = self.database.state(JOB, &key, deadline).await?;
        Ok(first.and_then(|first| Timestamp::from_rfc3339(&first.text)).unwrap_or(now))
    }

    /// Events that Lambda will not try again need not be known.
    async fn forget_events(&self, deadline: Deadline) -> Result<()> {
        let limit = jiff::Timestamp::from_microsecond(now().0).unwrap_or_default() - EVENTS_KEPT;
        let events = self.database.states(Some(JOB), Some(&format!("{EVENT} "))).await?;
        for event in events.iter().filter(|event| event.updated_at < limit) {
            self.database.clear_state(JOB, &event.key, deadline).await?;
        }
        Ok(())
    }

    async fn begin(
        &self,
        job: &Snapshot<'_, Database>,
        table: &Chosen,
        at: Timestamp,
        context: &Context,
    ) -> Result<String> {
        let name = &table.table.name;
        let Some(run) = job.begin(table, Start::Joined(at)).await? else {
            return Ok(format!("{{\"table\":{},\"superseded\":true}}", quoted(name)));
        };
        let parts = if run.is_done() { 0 } else { run.parts() };
        for part in 0..parts {
            self.invoke(&Part { run: run.name(), table: name, part, hop: 0 }, context).await?;
        }
        Ok(format!("{{\"table\":{},\"run\":{},\"parts\":{parts}}}", quoted(name), quoted(run.name())))
    }

    async fn part(
        &self,
        job: &Snapshot<'_, Database>,
        asked: &Part<'_>,
        deadline: Deadline,
        context: &Context,
    ) -> Result<String> {
        let at =
            run_time(asked.run).ok_or_else(|| Error::config("`run` of the event is none of a snapshot."))?;
        let tables = job.tables(&[asked.table.to_owned()], deadline).await?;
        let table = tables.iter().find(|table| table.table.name == asked.table).ok_or_else(|| {
            Error::config(format!("The event asks for {}, which is no table of the source.", asked.table))
        })?;
        let begun = Box::pin(job.begin(table, Start::Joined(at))).await?;
        let Some(mut run) = begun.filter(|run| run.name() == asked.run) else {
            return Ok(asked.answer("\"superseded\":true"));
        };
        let seen = Mutex::new(Counts::default());
        let add = |counts: &Counts| seen.lock().unwrap_or_else(PoisonError::into_inner).add(counts);
        let reached = Box::pin(run.part(asked.part, true, deadline, &add)).await?;
        let counts = *seen.lock().unwrap_or_else(PoisonError::into_inner);
        let continued = reached == Reached::Deadline;
        if continued {
            if asked.hop >= HOPS_MAX {
                return Err(Error::config(format!(
                    "Part {} of {} was gone on with {HOPS_MAX} times and is not done: split the table into more parts \
                     (`split`), or read it by the command `rowtide snapshot`.",
                    asked.part, asked.table
                )));
            }
            self.invoke(&Part { hop: asked.hop + 1, ..*asked }, context).await?;
        }
        tracing::info!(
            table = asked.table,
            part = asked.part,
            hop = asked.hop,
            rows = counts.rows,
            applied = counts.applied,
            stale = counts.stale,
            parked = counts.parked,
            continued,
            held = reached == Reached::Held,
            "Part read."
        );
        let done = if reached == Reached::End { Self::end(&mut run).await? } else { None };
        let Counts { rows, bytes, applied, stale, parked, .. } = counts;
        let archived = done.iter().filter_map(|done| done.archived.as_deref()).map(quoted);
        Ok(asked.answer(&format!(
            "\"rows\":{rows},\"bytes\":{bytes},\"applied\":{applied},\"stale\":{stale},\"parked\":{parked},\
             \"archived\":[{}],\"continued\":{continued},\"held\":{},\"done\":{}",
            archived.collect::<Vec<_>>().join(","),
            reached == Reached::Held,
            done.is_some()
        )))
    }

    /// Ends the run, if this was its last part.
    async fn end(run: &mut Run<'_, Database>) -> Result<Option<Done>> {
        let done = Box::pin(run.finish()).await?;
        if let Some(Done { table, run, counts, .. }) = &done {
            let Counts { rows, applied, stale, parked, removed, .. } = counts;
            tracing::info!(table, run, rows, applied, stale, parked, removed, "Table read.");
        }
        Ok(done)
    }

    /// Hands Lambda an event for this very function.
    async fn invoke(&self, part: &Part<'_>, context: &Context) -> Result<()> {
        let mut names = context.invoked_function_arn.split(':').skip(6);
        let function = match (names.next(), names.next()) {
            (Some(name), Some(alias)) => format!("{name}:{alias}"),
            (Some(name), None) => name.to_owned(),
            (None, _) => context.env_config.function_name.clone(),
        };
        self.secrets.invoke_later(&function, &part.event()).await
    }
}

/// A part of a table, and how often it was gone on with.
struct Part<'a> {
    run: &'a str,
    table: &'a str,
    part: usize,
    hop: u32,
}

impl Part<'_> {
    fn event(&self) -> String {
        let Self { run, table, part, hop } = self;
        let (run, table) = (quoted(run), quoted(table));
        format!("{{\"rowtide\":\"snapshot\",\"run\":{run},\"table\":{table},\"part\":{part},\"hop\":{hop}}}")
    }

    fn answer(&self, more: &str) -> String {
        let (run, table) = (quoted(self.run), quoted(self.table));
        format!("{{\"table\":{table},\"run\":{run},\"part\":{},{more}}}", self.part)
    }
}
