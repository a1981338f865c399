-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['n'] double precision,
  add column "data"['region'] text,
  add column "pk"['_id'] text;
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
-- 49672129487606202837646993445910328106313037038054364220: null, "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"region":"eu","n":1}, {}, "n.0000.1.69a54bd200000001.8269A54BD2000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", false, "2026-03-02T08:35:30.037000Z"
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
-- 49672129487886083652320473536536826242097480395588896230: null, "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"region":"us","n":1}, {}, "n.0000.1.69a54bd400000001.8269A54BD4000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", false, "2026-03-02T08:35:32.037000Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129488087060068081253590505264000044129180792296240: "[\"69a551210b0750b2c84893f0\"]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129488087060068081253590505264000044129180792296240: "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"set":{"/n":2},"remove":["/region"]}, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", "2026-03-02T08:35:33.037000Z", null
