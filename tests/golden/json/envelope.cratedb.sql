-- doc.invoices
alter table "doc"."invoices_cdc"
  add column "data"['name'] text,
  add column "data"['total'] double precision,
  add column "pk"['id'] double precision,
  add column "pk"['tenant'] text;
-- doc.invoices
insert into "doc"."invoices_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129488139762976043836872289927718835910780243769230: null, "[1,\"acme\"]", {"id":1,"tenant":"acme"}, {"total":12.5}, {"/data/lines":"[]"}, "j.0000.1.n.00210", false, null
-- 49672129490794506396356819082125155964228356485142897280: null, "[1,\"globex\"]", {"id":1,"tenant":"globex"}, {"name":"another tenant"}, {}, "j.0000.1.n.0011", false, null
-- 49672129489247518192226516266130503455165850834120067250: null, "[2,\"acme\"]", {"id":2,"tenant":"acme"}, null, {}, "j.0000.1.n.0041000", true, null
-- 49672129489627560024838088992172261768395223646260484260: null, "[3,\"acme\"]", {"id":3,"tenant":"acme"}, {}, {"/data/n":"12345678901234567890.10"}, "j.0000.1.n.030123456789012345678901234567890", false, null
