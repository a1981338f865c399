-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['customer'] text,
  add column "data"['lines'] array(object(strict) as ("price" double precision, "quantity" double precision, "sku" text)),
  add column "data"['paid_at'] text,
  add column "data"['placed_at'] text,
  add column "data"['status'] text,
  add column "data"['total'] double precision,
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
-- 49672129487896794622430561074823650931528492492037679240: null, "[\"69a551210b0750b2c84893f3\"]", {"_id":"69a551210b0750b2c84893f3"}, {"customer":"c-7945","status":"paid","total":146,"placed_at":"2026-03-02T08:35:30.123Z","lines":[{"sku":"SKU-2043","quantity":3,"price":39},{"sku":"SKU-1180","quantity":2,"price":14.5}],"paid_at":"2026-03-02T08:35:34.000Z"}, {"/data/note":"null"}, "n.0000.1.69a54bd600000001.8269A54BD6000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C18E9F0E0283D0004", false, "2026-03-02T08:35:34.037000Z"
-- 49672129488534311773031351018573798901040642035814513250: null, "[\"69a551220b0750b2c84893f3\"]", {"_id":"69a551220b0750b2c84893f3"}, {"status":"replaced"}, {}, "n.0000.1.69a54bd700000001.8269A54BD7000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C8588F54642430004", false, "2026-03-02T08:35:35.037000Z"
-- 49672129489446051551090188192727354010162333086959058270: null, "[\"69a551230b0750b2c84893f3\"]", {"_id":"69a551230b0750b2c84893f3"}, null, {}, "n.0000.1.69a54bdb00000001.8269A54BDB000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C367EB3BCB41B0004", true, "2026-03-02T08:35:39.037000Z"
