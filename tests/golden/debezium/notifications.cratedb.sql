-- doc.public.orders
alter table "doc"."public_orders_cdc"
  add column "data"['v'] text,
  add column "pk"['id'] double precision;
-- doc.public.orders
insert into "doc"."public_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461938066277434287834498335014: null, "[1]", {"id":1}, {"v":"x"}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
