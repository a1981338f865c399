-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['n'] double precision,
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
-- 49672129488498395853864287304024462150210261568442904260: null, "[\"69a5512a0b0750b2c84893f0\"]", {"_id":"69a5512a0b0750b2c84893f0"}, {"n":3}, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CCA8645F5A9AC0004", false, "2026-03-02T08:35:33.037000Z"
-- 49672129487880296789675818721330933825448548656404582240: null, "[\"69a5512a0b0750b2c84893f1\"]", {"_id":"69a5512a0b0750b2c84893f1"}, {"n":1}, {}, "n.0000.1.69a54bd300000002.8269A54BD3000000022B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C97AE361807F20004", false, "2026-03-02T08:35:31.074000Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129488219089051788983670707271457873377390286985250: "[\"69a5512a0b0750b2c84893f1\"]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129488219089051788983670707271457873377390286985250: "[\"69a5512a0b0750b2c84893f1\"]", {"_id":"69a5512a0b0750b2c84893f1"}, {"set":{"/n":2},"remove":[]}, {}, "n.0000.1.69a54bd400000001.8269A54BD4000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C97AE361807F20004", "2026-03-02T08:35:32.037000Z", null
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
-- 49672129489152416747373024751868961822065429149004520270: null, "[\"69a5512a0b0750b2c84893f1\"]", {"_id":"69a5512a0b0750b2c84893f1"}, null, {}, "n.0000.1.69a54bd600000001.8269A54BD6000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C97AE361807F20004", true, "2026-03-02T08:35:34.037000Z"
