-- doc.shop.shelves
alter table "doc"."shop_shelves_cdc"
  add column "data"['name'] text,
  add column "pk"['id'] double precision;
-- doc.shop.shelves
insert into "doc"."shop_shelves_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798233528104481688455771040040080194427159694: null, "[1]", {"id":1}, null, {}, "x.0000.1.00000000000000e7.00000000007bed6e.ffffffffffffffff", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798233528104481688455771040040080194427159694: null, "[2]", {"id":2}, {"name":"kitchen"}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.ffffffffffffffff", false, "2026-03-02T08:36:01.000000Z"
-- doc.shop.shelves
insert into "doc"."shop_shelves_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798233528104481688404220067255936114752213617: null, "[3]", {"id":3}, {"name":"garden"}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000.05649672129486798233528104481688404220067255936114752213617", false, "2026-03-02T08:36:01.000000Z"
-- doc.shop.shelves
insert into "doc"."shop_shelves_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798233528104481688315358669809005175988052535: null, "[4]", {"id":4}, {"name":"books"}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000.05649672129486798233528104481688315358669809005175988052535", false, "2026-03-02T08:36:01.000000Z"
