-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['n'] double precision,
  add column "pk"['_id'] text,
  add column "pk"['region'] text;
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
-- 49672129488750671735587225937872645236404956872204386250: null, "[\"69a551210b0750b2c84893f0\",\"eu\"]", {"_id":"69a551210b0750b2c84893f0","region":"eu"}, null, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", true, "2026-03-02T08:35:33.037000Z"
-- 49672129489578150508616651649365151570060422003959073260: null, "[\"69a551210b0750b2c84893f0\",\"us\"]", {"_id":"69a551210b0750b2c84893f0","region":"us"}, {"n":2}, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A315463C6F7065726174696F6E54797065003CDBD114CB3FE60004", false, "2026-03-02T08:35:33.037000Z"
warning: 1 record would be parked; `rowtide decode` says why.
