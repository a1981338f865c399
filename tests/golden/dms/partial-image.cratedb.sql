-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['a/b~c'] double precision,
  add column "data"['customer'] text,
  add column "data"['note'] text,
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
-- 49672129486798177489156227461865530728257410084945266779: null, "[10231]", {"id":10231}, {"customer":"c-7945","status":"placed","a/b~c":1,"note":"a long text that PostgreSQL keeps elsewhere"}, {}, "m.0000.1.000000027c007178.0000000000000001", false, "2026-03-02T08:35:30.115217Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798177489156227461865530728257410088662477055: "[10232]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798177489156227461865530728257410088662477055: "[10232]", {"id":10232}, {"set":{"/status":"shipped"},"remove":[]}, {}, "m.0000.1.000000027c007838.0000000000000001", "2026-03-02T08:35:30.212485Z", null
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798177489156227461865530728257410085874569348: "[10231]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798177489156227461865530728257410085874569348: "[10231]", {"id":10231}, {"set":{"/customer":"c-7945","/status":"paid","/a~1b~0c":2},"remove":[]}, {}, "m.0000.1.000000027c007328.0000000000000001", "2026-03-02T08:35:30.139534Z", null
warning: 1 record would be parked; `rowtide decode` says why.
