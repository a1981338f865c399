create table if not exists {schemas} (
  "table" text primary key,
  key_names array(text) not null,
  columns text index off storage with (columnstore = false),
  said_at text not null
)
