create table if not exists {state} (
  job text not null,
  key text not null,
  state text index off storage with (columnstore = false),
  version bigint not null,
  updated_at timestamp with time zone not null,
  primary key (job, key)
)
