create table if not exists {dead_letters} (
  id bigint generated always as identity primary key,
  parked_at timestamptz not null default clock_timestamp(),
  source text collate "C" not null,
  position text collate "C" not null,
  sub integer not null,
  event_id text,
  partition_key text,
  arrived_at timestamptz,
  epoch integer not null,
  decoder text,
  "table" text,
  key text collate "C",
  code text not null,
  message text not null,
  payload bytea,
  payload_sha256 text collate "C" not null,
  attempts integer not null default 1,
  redriven_at timestamptz,
  sequence_number text,
  unique (source, position, sub, payload_sha256)
);
create index if not exists {dead_letters_by_key} on {dead_letters} ("table", key) where redriven_at is null;
create index if not exists {dead_letters_by_time} on {dead_letters} (source, parked_at);
revoke all on {dead_letters} from public
