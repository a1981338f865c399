-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['n'] double precision,
  add column "pk"['_id'] double precision;
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
-- 49672129487137640120020484155664123553069686434017723230: null, "[1]", {"_id":1}, {"n":1}, {}, "n.0000.1.69a54bd200000002.8269A54BD2000000022B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CC4CA4238A0B90004", false, "2026-03-02T08:35:30.074000Z"
