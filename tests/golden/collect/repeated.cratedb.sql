-- doc.collect
alter table "doc"."collect_cdc"
  add column "data"['total'] double precision,
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
-- 3f1c2a44-0000-4000-8000-000000000001: null, "[\"e-1\"]", {"_id":"e-1"}, {"total":1}, {}, "f.0000.1", false, null
-- 3f1c2a44-0000-4000-8000-000000000000: null, "[\"e-2\"]", {"_id":"e-2"}, {"total":5}, {}, "f.0000.1", false, null
-- 3f1c2a44-0000-4000-8000-000000000004: null, "[\"e-3\"]", {"_id":"e-3"}, {}, {}, "f.0000.1", false, null
