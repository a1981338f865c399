-- doc.shop.Order
alter table "doc"."shop_Order_cdc"
  add column "data"['Value'] text,
  add column "data"['_value'] text,
  add column "pk"['select'] double precision;
-- doc.shop.Order
insert into "doc"."shop_Order_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798222298844424786363176043151508875663367036: null, "[1]", {"select":1}, {"_value":"0","Value":"0"}, {}, "x.0000.1.00000000000000e7.00000000007be80e.ffffffffffffffff", false, "2026-03-02T08:35:30.000000Z"
-- doc.shop.we"ird; drop table x--
alter table "doc"."shop_we_ird;_drop_table_x--_cdc"
  add column "data"['Value'] text,
  add column "data"['_value'] text;
-- doc.shop.we"ird; drop table x--
insert into "doc"."shop_we_ird;_drop_table_x--_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798222298844424786368719530036858907744694161: null, "[1]", {}, {"_value":"1","Value":"1"}, {"/pk/a.b[0]":"1"}, "x.0000.1.00000000000000e7.00000000007be8d6.ffffffffffffffff", false, "2026-03-02T08:35:31.000000Z"
-- doc.shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_c568f962
alter table "doc"."shop_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_0739154c"
  add column "data"['Value'] text,
  add column "data"['_value'] text,
  add column "pk"['yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'] double precision;
-- doc.shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_c568f962
insert into "doc"."shop_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_0739154c" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798222298844424786402002493268772710563874605: null, "[1]", {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy":1}, {"_value":"2","Value":"2"}, {}, "x.0000.1.00000000000000e7.00000000007be99e.ffffffffffffffff", false, "2026-03-02T08:35:32.000000Z"
-- doc.shop.Ünïcode
alter table "doc"."shop_Ünïcode_cdc"
  add column "data"['Value'] text,
  add column "data"['_value'] text,
  add column "pk"['~/quote'''] double precision;
-- doc.shop.Ünïcode
insert into "doc"."shop_Ünïcode_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798222298844424786454133717761883839191036177: null, "[1]", {"~/quote'":1}, {"_value":"3","Value":"3"}, {}, "x.0000.1.00000000000000e7.00000000007bea66.ffffffffffffffff", false, "2026-03-02T08:35:33.000000Z"
