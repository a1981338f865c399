create table if not exists {registry} (
  target text primary key,
  target_schema text not null,
  target_name text not null,
  storage text not null,
  source text not null,
  key_names array(text) not null,
  scheme text not null,
  epoch integer not null,
  layout text not null,
  purge_horizon timestamp with time zone,
  altering_until timestamp with time zone,
  view_sql text,
  source_identity text,
  key_types text,
  format integer
)
