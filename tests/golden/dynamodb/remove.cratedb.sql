-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['address'] object(strict) as ("city" text, "country" text, "name" text, "postcode" text, "street" text),
  add column "data"['currency'] text,
  add column "data"['customer'] text,
  add column "data"['lines'] array(object(strict) as ("price" double precision, "quantity" double precision, "sku" text, "title" text)),
  add column "data"['status'] text,
  add column "data"['tags'] array(text),
  add column "data"['total'] double precision,
  add column "pk"['id'] text;
-- doc.orders
insert into "doc"."orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 800000000026820479968: null, "[\"o-10231\"]", {"id":"o-10231"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000026820479968", true, "2026-03-02T08:37:01.000000Z"
-- 800000000026820253315: null, "[\"o-10232\"]", {"id":"o-10232"}, {"customer":"c-4874","status":"placed","total":117,"currency":"EUR","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000026820253315", false, "2026-03-02T08:35:32.000000Z"
-- 800000000026820842064: null, "[\"o-9911\"]", {"id":"o-9911"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000026820842064", true, "2026-03-02T08:37:03.000000Z"
