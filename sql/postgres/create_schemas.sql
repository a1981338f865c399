create table if not exists {schemas} (
  "table" text collate "C" primary key,
  key_names text[] not null,
  columns text not null,
  said_at text collate "C" not null
)
