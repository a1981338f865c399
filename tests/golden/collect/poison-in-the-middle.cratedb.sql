-- doc.collect
alter table "doc"."collect_cdc"
  add column "data"['n'] double precision,
  add column "pk"['_id'] text;
-- doc.collect
insert into "doc"."collect_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values
  ($2, $3, $4, $5, $6, $7, $8, $1)
on conflict (key) do update set
  pk = case when version is null or excluded.version > version then excluded.pk else pk end,
  data = case when version is null or excluded.version > version then excluded.data else data end,
  aux = case when version is null or excluded.version > version then excluded.aux else aux end,
  version = case when version is null or excluded.version > version then excluded.version else version end,
  deleted = case when version is null or excluded.version > version then excluded.deleted else deleted end,
  changed_at = case when version is null or excluded.version > version then excluded.changed_at else changed_at end,
  applied_at = case when version is null or excluded.version > version then excluded.applied_at else applied_at end
returning key, version, applied_at;
-- 3f1c2a44-0000-4000-8000-000000000000: null, "[\"p-1\"]", {"_id":"p-1"}, {"n":1}, {}, "f.0000.1", false, null
-- 3f1c2a44-0000-4000-8000-000000000004: null, "[\"p-5\"]", {"_id":"p-5"}, {"n":5}, {}, "f.0000.1", false, null
-- 3f1c2a44-0000-4000-8000-000000000005: null, "[\"p-6\"]", {"_id":"p-6"}, {"n":6}, {}, "f.0000.1", false, null
-- 3f1c2a44-0000-4000-8000-000000000006: null, "[\"p-7\"]", {"_id":"p-7"}, {"n":7}, {}, "f.0000.1", false, null
warning: 3 records would be parked; `rowtide decode` says why.
