-- doc.carts
alter table "doc"."carts_cdc"
  add column "data"['customer'] text,
  add column "data"['expires_at'] double precision,
  add column "data"['lines'] array(object(strict) as ("quantity" double precision, "sku" text)),
  add column "pk"['id'] text;
-- doc.carts
insert into "doc"."carts_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156226836815823138725570520815763506: null, "[\"cart-1\"]", {"id":"cart-1"}, null, {}, "k.0000.1.00064c0760a441c0.05649672129486798177489156226836815823138725570520815763506", true, "2026-03-02T09:40:30.123456Z"
-- 49672129486798177489156226836827912396921716881282302002: null, "[\"cart-2\"]", {"id":"cart-2"}, null, {}, "k.0000.1.00064c0760b38400.05649672129486798177489156226836827912396921716881282302002", true, "2026-03-02T09:40:31.123456Z"
-- 49672129486798177489156226836795271399791853956325441586: null, "[\"cart-3\"]", {"id":"cart-3"}, {"customer":"c-7730","lines":[{"sku":"SKU-0901","quantity":2}],"expires_at":1772530000}, {}, "k.0000.1.00064c06784d7f40.05649672129486798177489156226836795271399791853956325441586", false, "2026-03-02T08:35:32.123456Z"
