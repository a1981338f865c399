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
-- 49672129487793354526659843646206368751912439590801268220: null, "[\"69a5512a0b0750b2c84893f0\"]", {"_id":"69a5512a0b0750b2c84893f0"}, {"n":3}, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CCA8645F5A9AC0004", false, "2026-03-02T08:35:33.037000Z"
-- 49672129488739336548284547055060561819311153639026280260: null, "[\"69a5512a0b0750b2c84893f1\"]", {"_id":"69a5512a0b0750b2c84893f1"}, null, {}, "n.0000.1.69a54bd600000001.8269A54BD6000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C97AE361807F20004", true, "2026-03-02T08:35:34.037000Z"
-- 49672129489739831225074024041480693032810483780416300280: null, "[\"69a5512a0b0750b2c84893f2\"]", {"_id":"69a5512a0b0750b2c84893f2"}, {}, {"/data/n":"\"third\""}, "n.0000.1.69a54bd700000001.8269A54BD7000000012B042C0100296E5A1004B3C5D7E9F1A316463C6F7065726174696F6E54797065003C9E08B895D8A00004", false, "2026-03-02T08:35:35.037000Z"
