-- doc.shop.order_lines
alter table "doc"."shop_order_lines_cdc"
  add column "data"['quantity'] double precision,
  add column "data"['sku'] text,
  add column "pk"['line'] double precision,
  add column "pk"['order_id'] double precision;
-- doc.shop.order_lines
insert into "doc"."shop_order_lines_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798199187375749648184351738525685066667864046: null, "[1,10231]", {"line":1,"order_id":10231}, {"sku":"SKU-1180","quantity":2}, {}, "w.0000.1.00000007016b2458", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798199187375749648236340883189945062887286588: null, "[2,10231]", {"line":2,"order_id":10231}, {"sku":"SKU-1502","quantity":1}, {}, "w.0000.1.00000007016b24e0", false, "2026-03-02T08:35:30.123456Z"
-- doc.shop.order_lines
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_order_lines_cdc" where key = $1;
-- 49672129486798199187375749648366633796670759819845659338: "[1,10231]"
-- doc.shop.order_lines
insert into "doc"."shop_order_lines_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798199187375749648366633796670759819845659338: "[1,10231]", {"line":1,"order_id":10231}, {"set":{"/sku":"SKU-1180","/quantity":5},"remove":[]}, {}, "w.0000.1.00000007016b2600", "2026-03-02T08:36:01.500000Z", null
-- doc.shop.order_lines
insert into "doc"."shop_order_lines_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798199187375749648309859447781018018530978504: null, "[2,10231]", {"line":2,"order_id":10231}, null, {}, "w.0000.1.00000007016b25a0", true, "2026-03-02T08:36:01.500000Z"
-- 49672129486798199187375749648309859447781018018530978504: null, "[3,10231]", {"line":3,"order_id":10231}, {"sku":"SKU-1502","quantity":1}, {}, "w.0000.1.00000007016b25a0", false, "2026-03-02T08:36:01.500000Z"
-- doc.shop.order_lines
insert into "doc"."shop_order_lines_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798199187375749648472945487110468200146234856: null, "[1,10231]", {"line":1,"order_id":10231}, null, {}, "w.0000.1.00000007016b26c0", true, "2026-03-02T08:38:22.000007Z"
-- 49672129486798199187375749648472945487110468200146234856: null, "[2,10231]", {"line":2,"order_id":10231}, {"sku":"SKU-1180","quantity":5}, {}, "w.0000.1.00000007016b26c0", false, "2026-03-02T08:38:22.000007Z"
-- 49672129486798199187375749648420058897088978254408613942: null, "[3,10231]", {"line":3,"order_id":10231}, null, {}, "w.0000.1.00000007016b2660", true, "2026-03-02T08:38:22.000007Z"
-- 49672129486798199187375749648420058897088978254408613942: null, "[4,10231]", {"line":4,"order_id":10231}, {"sku":"SKU-1502","quantity":1}, {}, "w.0000.1.00000007016b2660", false, "2026-03-02T08:38:22.000007Z"
