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
-- 287300000000034406229342: null, "[\"cart-1\"]", {"id":"cart-1"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000034406229342", true, "2026-03-02T09:40:30.000000Z"
-- 287300000000034406553827: null, "[\"cart-2\"]", {"id":"cart-2"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000034406553827", true, "2026-03-02T09:40:31.000000Z"
-- 287300000000034405852294: null, "[\"cart-3\"]", {"id":"cart-3"}, {"customer":"c-7730","lines":[{"sku":"SKU-0901","quantity":2}],"expires_at":1772530000}, {}, "d.0000.1.172026-02-27T09:41:07.318.024287300000000034405852294", false, "2026-03-02T08:35:32.000000Z"
