-- doc.public.order_items
alter table "doc"."public_order_items_cdc"
  add column "data"['quantity'] double precision,
  add column "pk"['item_id'] double precision,
  add column "pk"['order_id'] double precision;
-- doc.public.order_items
insert into "doc"."public_order_items_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129488122409438157167894909385023780884408549977240: null, "[42,1001]", {"item_id":42,"order_id":1001}, null, {}, "q.0000.1.1898f9457783888c", true, "2026-03-02T08:35:30.123458Z"
-- 49672129487472058063789381254050215533848731951713619230: null, "[44,1001]", {"item_id":44,"order_id":1001}, {"quantity":5}, {}, "q.0000.1.1898f9457783888c.00000001", false, "2026-03-02T08:35:30.123458Z"
