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
-- 49672129491363108085901428888166029187104824610207448290: null, "[42,1001]", {"item_id":42,"order_id":1001}, {"quantity":6}, {}, "q.0000.1.1898f9457783a7cc.00000001", false, "2026-03-02T08:35:30.123466Z"
-- 49672129490479323369436600761797889434403888082852425280: null, "[43,1001]", {"item_id":43,"order_id":1001}, {"quantity":1}, {}, "q.0000.1.1898f9457783a3e4.00000001", false, "2026-03-02T08:35:30.123465Z"
warning: 5 records would be parked; `rowtide decode` says why.
