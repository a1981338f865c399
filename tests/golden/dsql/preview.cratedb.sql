-- doc.public.orders
alter table "doc"."public_orders_cdc"
  add column "data"['qty'] double precision,
  add column "pk"['id'] text;
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
-- 49672129487715507857159566779084806277334287862212326240: null, "[\"a1\"]", {"id":"a1"}, {"qty":5}, {}, "q.0000.1.1898f94577838c74.00000001", false, "2026-03-02T08:35:30.123459Z"
-- 49672129488629973564804617817887254251301334048239964250: null, "[\"a2\"]", {"id":"a2"}, null, {}, "q.0000.1.1898f9457783905c", true, "2026-03-02T08:35:30.123460Z"
