-- doc.public.order_items
alter table "doc"."public_order_items_cdc"
  add column "data"['price'] text,
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
-- 49672129488652185520980610842948668499676018843282977260: null, "[1,1002]", {"item_id":1,"order_id":1002}, null, {}, "q.0000.1.1898f94577839444", true, "2026-03-02T08:35:30.123461Z"
-- 49672129488534667510655320325217145054827950592825956250: null, "[42,1001]", {"item_id":42,"order_id":1001}, {"quantity":10,"price":"29.90"}, {}, "q.0000.1.1898f9457783905c.00000001", false, "2026-03-02T08:35:30.123460Z"
-- 49672129487513884237961905089208978849563254668716610230: null, "[43,1001]", {"item_id":43,"order_id":1001}, {"quantity":1,"price":"12345678901234567890.10"}, {}, "q.0000.1.1898f9457783888c.00000001", false, "2026-03-02T08:35:30.123458Z"
