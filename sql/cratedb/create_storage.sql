create table if not exists {storage} (
  key text primary key,
  pk object(strict),
  data {data},
  aux object(ignored),
  version text,
  deleted boolean,
  changed_at timestamp with time zone,
  applied_at timestamp with time zone
)
