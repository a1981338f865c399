-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['count'] double precision,
  add column "data"['lines'] array(text),
  add column "data"['sizes'] array(double precision),
  add column "data"['status'] text,
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
-- 6200000000027763095530: null, "[\"o-10300\"]", {"id":"o-10300"}, {"sizes":[null,9,10],"count":3}, {"/data/total":"12.50","/data/weight":"12345678901234567890.12345678901234567","/data/sizes/0":"2.50"}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027763095530", false, "2026-03-02T08:35:30.000000Z"
-- 6200000000027763618010: null, "[\"o-10301\"]", {"id":"o-10301"}, {"lines":[null,null,"kept"]}, {"/data/note":"null","/data/address":"null"}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027763618010", false, "2026-03-02T08:35:31.500000Z"
-- 6200000000027763935726: null, "[\"o-10302\"]", {"id":"o-10302"}, {"total":1}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027763935726", false, "2026-03-02T08:35:32.000000Z"
-- 6200000000027763964755: null, "[\"o-10303\"]", {"id":"o-10303"}, {"total":2}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027763964755", false, "2026-03-02T08:35:33.000000Z"
-- 6200000000027764383096: null, "[\"o-10304\"]", {"id":"o-10304"}, {"total":3}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027764383096", false, "2026-03-02T08:35:34.000000Z"
-- 6200000000027764769300: null, "[\"o-10305\"]", {"id":"o-10305"}, {"total":4}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027764769300", false, null
-- 222: null, "[\"o-10306\"]", {"id":"o-10306"}, {"status":"paid"}, {}, "d.0000.1.172026-02-27T09:41:07.318.003222", false, "2026-03-02T08:35:37.000000Z"
