-- doc.invoices
alter table "doc"."invoices_cdc"
  add column "data"['name'] text,
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
-- 49672129487602375477452415186946200694491328985803337230: null, "[1,\"acme\"]", {"id":1,"tenant":"acme"}, null, {}, "j.0000.1.n.0012", true, null
-- 49672129488111379096353815099379480552062334206376253240: null, "[7,\"acme\"]", {"id":7,"tenant":"acme"}, {"name":"a"}, {}, "j.0000.1.n.0012", false, null
