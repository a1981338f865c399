create table if not exists {registry} (
  target text collate "C" primary key,
  target_schema text not null,
  target_name text not null,
  storage text not null,
  source text not null,
  key_names text[] not null,
  scheme text not null,
  epoch integer not null,
  layout text not null,
  purge_horizon timestamptz,
  view_sql text,
  view_definition text,
  source_identity text,
  key_types text,
  format integer
)
