-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['status'] text,
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
-- 49672129486798177489156227461865530728257410086803871917: null, "[1]", {"id":1}, {"status":"placed"}, {}, "m.0000.1.000000027c0074d8.0000000000000001", false, "2026-03-02T08:35:30.163851Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798177489156227461865530728257410088662477055: "[1]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798177489156227461865530728257410088662477055: "[1]", {"id":1}, {"set":{"/status":"paid"},"remove":[]}, {}, "m.0000.1.000000027c007838.0000000000000001", "2026-03-02T08:35:30.212485Z", null
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
-- 49672129486798177489156227461865530728257410097955502745: null, "[1]", {"id":1}, {"status":"shipped"}, {"/data/note":"null"}, "m.0000.1.000000027c008918.0000000000000001", false, "2026-03-02T08:35:30.455655Z"
