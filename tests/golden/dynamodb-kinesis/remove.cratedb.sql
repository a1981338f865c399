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
-- 49672129486798177489156227652797230049093875113427730482: null, "[\"o-10231\"]", {"id":"o-10231"}, null, {}, "k.0000.1.00064c067da328a3.05649672129486798177489156227652797230049093875113427730482", true, "2026-03-02T08:37:01.623459Z"
-- 49672129486798177489156227652783931865078108007753056306: null, "[\"o-10232\"]", {"id":"o-10232"}, {"customer":"c-4874","status":"placed","total":117,"currency":"EUR","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "k.0000.1.00064c06784d7f40.05649672129486798177489156227652783931865078108007753056306", false, "2026-03-02T08:35:32.123456Z"
-- 49672129486798177489156227652810528233109636103068975154: null, "[\"o-9911\"]", {"id":"o-9911"}, null, {}, "k.0000.1.00064c067dba0c00.05649672129486798177489156227652810528233109636103068975154", true, "2026-03-02T08:37:03.123456Z"
