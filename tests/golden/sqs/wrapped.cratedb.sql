-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['status'] text,
  add column "data"['total'] double precision,
  add column "pk"['id'] double precision;
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 059f36b4-87a3-44ab-83d2-661975830002: null, "[1]", {"id":1}, {"status":"paid","total":1}, {}, "x.0000.1.0000000000000006.000000000000131c.ffffffffffffffff", false, "2026-03-02T08:35:34.000000Z"
-- 059f36b4-87a3-44ab-83d2-661975830003: null, "[2]", {"id":2}, {"status":"placed","total":1}, {}, "x.0000.1.0000000000000006.0000000000001395.ffffffffffffffff", false, "2026-03-02T08:35:34.000000Z"
-- 059f36b4-87a3-44ab-83d2-661975830004: null, "[3]", {"id":3}, {"status":"placed","total":1}, {}, "x.0000.1.0000000000000006.000000000000140b.ffffffffffffffff", false, "2026-03-02T08:35:34.000000Z"
