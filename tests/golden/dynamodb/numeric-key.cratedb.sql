-- doc.customers
alter table "doc"."customers_cdc"
  add column "data"['email'] text,
  add column "data"['name'] text,
  add column "data"['newsletter'] boolean,
  add column "pk"['id'] double precision;
-- doc.customers
insert into "doc"."customers_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 800000000013864450696: null, "[-7]", {"id":-7}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013864450696", true, "2026-03-02T08:35:39.000000Z"
-- 800000000013863115782: null, "[0.5]", {"id":0.5}, {"name":"Half a customer","email":"half@example.com"}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013863115782", false, "2026-03-02T08:35:30.000000Z"
-- 800000000013863709480: null, "[0]", {"id":0}, {"name":"House account","email":"house@example.com"}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013863709480", false, "2026-03-02T08:35:30.000000Z"
-- 800000000013863918920: null, "[1001]", {"id":1001}, {"name":"Mara Lindqvist","email":"mara.l@example.com","newsletter":true}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013863918920", false, "2026-03-02T08:35:38.000000Z"
-- 800000000013862296138: null, "[100]", {"id":100}, {"name":"Jonas Weber","email":"jonas@example.com"}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000013862296138", false, "2026-03-02T08:35:30.000000Z"
