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
-- 49672129486798267236667905326775016546449125989582880542: null, "[1]", {"select":1}, {"_value":"0","Value":"0"}, {}, "c.0000.1.0000019cadb02c50.05649672129486798267236667905326775016546449125989582880542.00000000", false, "2026-03-02T08:35:30.000000Z"
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
-- 49672129486798267236667905326816413024838366144753895666: null, "[1]", {}, {"_value":"1","Value":"1"}, {"/pk/a.b[0]":"1"}, "c.0000.1.0000019cadb03038.05649672129486798267236667905326816413024838366144753895666.00000000", false, "2026-03-02T08:35:31.000000Z"
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
-- 49672129486798267236667905326848276279294571782252796003: null, "[1]", {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy":1}, {"_value":"2","Value":"2"}, {}, "c.0000.1.0000019cadb03420.05649672129486798267236667905326848276279294571782252796003.00000000", false, "2026-03-02T08:35:32.000000Z"
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
-- 49672129486798267236667905326933740823652698898114766092: null, "[1]", {"~/quote'":1}, {"_value":"3","Value":"3"}, {}, "c.0000.1.0000019cadb03808.05649672129486798267236667905326933740823652698898114766092.00000000", false, "2026-03-02T08:35:33.000000Z"
