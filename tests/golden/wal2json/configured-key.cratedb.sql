-- doc.public.t
alter table "doc"."public_t_cdc"
  add column "data"['b'] text,
  add column "pk"['a'] double precision;
-- doc.public.t
insert into "doc"."public_t_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798240353043051590134273988178494342551776839: null, "[1]", {"a":1}, null, {}, "w.0000.1.00000007016b2900.00000002", true, "2026-03-02T08:35:30.123456Z"
-- 49672129486798240353043051590134273988178494342551776839: null, "[2]", {"a":2}, {"b":"y"}, {}, "w.0000.1.00000007016b2900.00000001", false, "2026-03-02T08:35:30.123456Z"
