create table if not exists {storage} (
  key text collate "C" primary key,
  pk jsonb not null,
  data jsonb,
  aux jsonb not null default '{}',
  version text collate "C" not null,
  deleted boolean not null,
  changed_at timestamptz,
  applied_at timestamptz not null
) with (fillfactor = 80);
create index if not exists {storage_deleted} on {storage} (key) where deleted
