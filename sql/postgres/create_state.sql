create table if not exists {state} (
  job text collate "C" not null,
  key text collate "C" not null,
  state text not null,
  version bigint not null,
  updated_at timestamptz not null,
  primary key (job, key)
);
revoke all on {state} from public
